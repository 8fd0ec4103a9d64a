#include "importers/exim.h"

#include "config/values.h"
#include "importers/builder.h"
#include "importers/exim_config.h"
#include "importers/exim_expand.h"
#include "importers/key_paths.h"
#include "importers/text.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

namespace bulla::importers {

namespace {

constexpr std::int64_t longest_expiry = std::int64_t{3650} * 86400;
// Stands for the domain of the sender while it is looked for who that may be. A name that nobody has (RFC 2606 2).
constexpr std::string_view mark = "bulla-mark.invalid";
// Exim's own list, that of RFC 4871 5.5.
constexpr std::string_view standard_fields =
    "From:Sender:Reply-To:Subject:Date:Message-ID:To:Cc:MIME-Version:Content-Type:"
    "Content-Transfer-Encoding:Content-ID:Content-Description:Resent-Date:Resent-From:"
    "Resent-Sender:Resent-To:Resent-Cc:Resent-Message-ID:In-Reply-To:References:List-Id:List-Help:"
    "List-Unsubscribe:List-Subscribe:List-Post:List-Owner:List-Archive";

using Variables = EximExpander::Variables;

/// One transport's options. One use, one thread.
class TransportReader {
  public:
    TransportReader(PlanBuilder& plan, const EximTransport& transport)
        : plan_(plan), transport_(transport) {}

    void run() {
        const auto* domain = find("dkim_domain");
        const auto* key = find("dkim_private_key");
        if (domain == nullptr || key == nullptr || find("dkim_selector") == nullptr) {
            return plan_.error(domain != nullptr ? domain->place : key->place,
                               fmt::format("the transport {} needs dkim_domain, dkim_selector and "
                                           "dkim_private_key to sign",
                                           transport_.name));
        }
        tell_options();
        Variables variables{{"sender_address_domain", std::string(mark)}};
        const auto probe = expand(*domain, variables);
        if (!probe) {
            return;
        }
        before_ = plan_.keys().size();
        if (!probe->variables.contains("sender_address_domain") &&
            !probe->variables.contains("h_from")) {
            sign_literal(probe->text, domain->place);
        } else {
            if (probe->variables.contains("sender_address_domain")) {
                plan_.differs(domain->place,
                              "Exim goes by the envelope sender here; bulla by the From address");
            }
            sign_by_sender(*probe, *domain);
        }
        set_domains();
    }

  private:
    [[nodiscard]] const EximOption* find(std::string_view name) const {
        const auto found = transport_.options.find(std::string(name));
        return found == transport_.options.end() ? nullptr : &found->second;
    }

    std::optional<Expanded> expand(const EximOption& option, const Variables& variables) {
        std::string_view text = option.value;
        if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
            text = text.substr(1, text.size() - 2);
        }
        auto out = EximExpander(plan_.files(), variables).expand(text);
        if (!out) {
            if (said_.insert(&option).second) {
                plan_.error(option.place, out.error().text);
            }
            return std::nullopt;
        }
        return *std::move(out);
    }

    // d= is the same for all mail.
    void sign_literal(const std::string& list, const Place& place) {
        for (const auto& one : split({.text = list}, ":")) {
            add(std::string(one.text), std::string(one.text));
        }
        plan_.differs(place,
                      fmt::format("Exim signs all mail of this transport as {} (d=); bulla signs "
                                  "mail whose From is of that domain",
                                  list));
    }

    // Who that may be: whom the files of lookups and of keys name.
    void sign_by_sender(const Expanded& probe, const EximOption& domain) {
        std::vector<std::string> candidates;
        add_keys_of_lookups(probe, candidates);
        Variables variables{{"sender_address_domain", std::string(mark)},
                            {"dkim_domain", std::string(mark)}};
        const auto selector = expand(*find("dkim_selector"), variables);
        if (!selector) {
            return;
        }
        add_keys_of_lookups(*selector, candidates);
        variables["dkim_selector"] = selector->text;
        const auto path = expand(*find("dkim_private_key"), variables);
        if (!path) {
            return;
        }
        add_keys_of_lookups(*path, candidates);
        if (path->text.contains(mark)) {
            add_files(path->text, candidates);
        }
        std::set<std::string> seen;
        for (const auto& one : candidates) {
            if (!seen.insert(one).second || !DomainName::parse(one)) {
                continue;
            }
            if (const auto signer = expand(domain, {{"sender_address_domain", one}})) {
                for (const auto& name : split({.text = signer->text}, ":")) {
                    add(one, std::string(name.text));
                }
            }
        }
        if (candidates.empty()) {
            plan_.error(domain.place,
                        "no file of keys or of a lookup names the domains that sign: `bulla dkim "
                        "import DOMAIN SELECTOR FILE` takes each");
        }
    }

    void add_keys_of_lookups(const Expanded& expanded, std::vector<std::string>& out) {
        for (const auto& name : expanded.variables) {
            if (!name.starts_with("lsearch:")) {
                continue;
            }
            if (const auto keys = list_keys(plan_.files(), name.substr(8))) {
                out.insert(out.end(), keys->begin(), keys->end());
            }
        }
    }

    void add_files(const std::string& path, std::vector<std::string>& out) {
        const auto names = find_domains(plan_.files(), path, mark);
        if (!names) {
            return plan_.error(find("dkim_private_key")->place, names.error().text);
        }
        out.insert(out.end(), names->begin(), names->end());
    }

    void add(const std::string& sender, const std::string& signer) {
        const Place place = find("dkim_private_key")->place;
        if (lower(sender) != lower(signer)) {
            return plan_.error(find("dkim_domain")->place,
                               fmt::format("mail of {} was signed by {} (d=), and bulla signs it "
                                           "with a key of {} alone",
                                           sender,
                                           signer,
                                           sender));
        }
        Variables variables{{"sender_address_domain", sender}, {"dkim_domain", signer}};
        const auto selectors = expand(*find("dkim_selector"), variables);
        for (const auto& selector :
             selectors ? split({.text = selectors->text}, ":") : std::vector<Piece>()) {
            variables["dkim_selector"] = std::string(selector.text);
            const auto key = expand(*find("dkim_private_key"), variables);
            const KeyName name{.domain = signer, .selector = std::string(selector.text)};
            if (!key || key->text.empty() || key->text == "0" || same_word(key->text, "false")) {
                continue;
            }
            if (key->text.starts_with('/')) {
                plan_.add_key(name, key->text, place);
            } else {
                plan_.add_key_text(name, key->text, place);
            }
        }
    }

    void tell_options() {
        struct Row {
            std::string_view name, text;
        };

        constexpr Row rows[] = {
            {"dkim_identity", "signatures have no i="},
            {"dkim_strict",
             "what cannot be signed is put off, or goes on unsigned where the domain "
             "has no key (setting dkim_missing_key)"},
            {"dkim_verify_signers", "bulla does not verify what comes in"},
        };
        for (const Row& row : rows) {
            if (const auto* option = find(row.name)) {
                plan_.differs(option->place, fmt::format("{}: {}", row.name, row.text));
            }
        }
        constexpr std::string_view known[] = {"dkim_domain",
                                              "dkim_selector",
                                              "dkim_private_key",
                                              "dkim_canon",
                                              "dkim_sign_headers",
                                              "dkim_timestamps",
                                              "dkim_hash",
                                              "dkim_identity",
                                              "dkim_strict",
                                              "dkim_verify_signers"};
        for (const auto& [name, option] : transport_.options) {
            if (name.starts_with("dkim_") && std::ranges::find(known, name) == std::end(known)) {
                plan_.error(option.place, fmt::format("{} is no option that bulla knows", name));
            }
        }
        if (const auto* hash = find("dkim_hash"); hash != nullptr && hash->value != "sha256") {
            plan_.differs(hash->place,
                          fmt::format("dkim_hash {}: sha256 is the one that all verifiers know "
                                      "(RFC 8301 3.1)",
                                      hash->value));
        }
    }

    // The value of an option that is the same for all mail.
    std::string plain(std::string_view name, std::string_view missing) {
        const auto* option = find(name);
        const auto value = option == nullptr ? std::nullopt : expand(*option, {});
        return value ? value->text : std::string(missing);
    }

    std::string read_canonicalization() {
        const auto word = lower(trim(plain("dkim_canon", "relaxed")));
        if (word != "relaxed" && word != "simple") {
            plan_.error(find("dkim_canon")->place, "dkim_canon is to be relaxed or simple");
        }
        return word == "simple" ? "simple/simple" : "relaxed/relaxed";
    }

    std::string read_expiry() {
        const auto text = plain("dkim_timestamps", "0");
        std::int64_t seconds = 0;
        const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (wrong != std::errc() || end != text.data() + text.size() || seconds < 0) {
            plan_.error(find("dkim_timestamps")->place,
                        "dkim_timestamps is to be a number of seconds");
            return "0 s";
        }
        return config::write_duration(std::min(seconds, longest_expiry));
    }

    void set_domains() {
        std::set<std::string> added;
        for (std::size_t i = before_; i < plan_.keys().size(); ++i) {
            added.insert(plan_.keys()[i].domain.ascii());
        }
        if (added.empty()) {
            return;
        }
        std::vector<std::string> fields;
        std::vector<std::string> oversigned;
        read_fields(fields, oversigned);
        const auto canon = read_canonicalization();
        const auto expiry = read_expiry();
        for (const auto& domain : plan_.domains_with_keys()) {
            if (added.contains(domain.ascii())) {
                plan_.set("dkim_canonicalization", canon, domain);
                plan_.set("dkim_expiry", expiry, domain);
                plan_.set("dkim_signed_headers", join(fields), domain);
                plan_.set("dkim_oversign_headers",
                          oversigned.empty() ? "none" : join(oversigned),
                          domain);
            }
        }
    }

    void read_fields(std::vector<std::string>& fields, std::vector<std::string>& oversigned) {
        auto text = replace_all(
            plain("dkim_sign_headers", standard_fields), "_DKIM_SIGN_HEADERS", standard_fields);
        if (text.contains("_DKIM_OVERSIGN_HEADERS")) {
            std::string all;
            for (const auto& one : split({.text = standard_fields}, ":")) {
                all.append(all.empty() ? "+" : ":+").append(one.text);
            }
            text = replace_all(text, "_DKIM_OVERSIGN_HEADERS", all);
        }
        std::set<std::string> seen;
        bool as_it_is = false;
        for (const auto& one : split({.text = text}, ":")) {
            const bool more = one.text.starts_with('+');
            const bool marked = more || one.text.starts_with('=');
            const std::string name(one.text.substr(marked ? 1 : 0));
            as_it_is = as_it_is || !marked;
            if (seen.insert(lower(name)).second) {
                fields.push_back(name);
                if (more) {
                    oversigned.push_back(name);
                }
            }
        }
        if (as_it_is) {
            plan_.differs(find("dkim_domain")->place,
                          "Exim names each field of dkim_sign_headers in h= once, there or not; "
                          "bulla all that the message has, and one more of dkim_oversign_headers");
        }
    }

    PlanBuilder& plan_;
    const EximTransport& transport_;
    std::set<const EximOption*> said_;
    std::size_t before_ = 0;
};

bool uses_split_files(const Files& files, const std::string& folder) {
    const auto text = read_text(files, folder + "/update-exim4.conf.conf", most_config_octets);
    for (Lines lines(text ? text->view() : std::string_view()); lines.next();) {
        const auto line = trim(lines.text());
        if (line == "dc_use_split_config='true'" || line == "dc_use_split_config=\"true\"" ||
            line == "dc_use_split_config=true") {
            return true;
        }
    }
    return false;
}

// Debian's folder, in the order in which update-exim4.conf puts it together.
void read_folder(PlanBuilder& plan, EximConfig& config, const std::string& folder) {
    const Files& files = plan.files();
    const Place place{.file = folder};
    if (files.exists(folder + "/exim4.conf")) {
        return config.read_file(folder + "/exim4.conf", place);
    }
    if (files.exists(folder + "/exim4.conf.localmacros")) {
        config.read_file(folder + "/exim4.conf.localmacros", place);
    }
    if (!uses_split_files(files, folder)) {
        return config.read_file(folder + "/exim4.conf.template", place);
    }
    for (const char* part : {"main", "transport"}) {
        const auto inside = fmt::format("{}/conf.d/{}", folder, part);
        const auto names = files.list(inside);
        if (!names) {
            return plan.error(place, names.error().text);
        }
        for (const auto& name : *names) {
            config.read_file(join_path(inside, name), place);
        }
    }
}

}  // namespace

ImportPlan import_exim(const Files& files, const std::string& path) {
    PlanBuilder plan(files);
    EximConfig config(plan);
    if (files.is_directory(path)) {
        read_folder(plan, config, path);
    } else {
        config.read_file(path, {.file = path});
    }
    const auto transports = config.transports();
    bool any = false;
    for (const auto& transport : transports) {
        if (transport.options.contains("dkim_domain") ||
            transport.options.contains("dkim_private_key")) {
            any = true;
            TransportReader(plan, transport).run();
        }
    }
    if (!any) {
        plan.warn({.file = path}, "no transport here signs (dkim_domain, dkim_private_key)");
    } else if (!plan.keys().empty()) {
        plan.trust("localhost", {.file = path});
        plan.differs(
            {.file = path},
            "Exim signs whatever goes out by its transports; bulla signs mail of users who "
            "log in and of trusted_networks");
    }
    return plan.finish();
}

}  // namespace bulla::importers

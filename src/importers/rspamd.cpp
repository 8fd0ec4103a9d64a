#include "importers/rspamd.h"

#include "importers/builder.h"
#include "importers/key_paths.h"
#include "importers/rspamd_options.h"
#include "importers/text.h"
#include "importers/ucl.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

namespace bulla::importers {

namespace {

// As rspamd 3 has it: (o) names a field once more, (x) only if the message has it.
constexpr std::string_view standard_fields =
    "(o)from:(x)sender:(o)reply-to:(o)subject:(x)date:(x)message-id:(o)to:(o)cc:(x)mime-version:"
    "(x)content-type:(x)content-transfer-encoding:resent-to:resent-cc:resent-from:resent-sender:"
    "resent-message-id:(x)in-reply-to:(x)references:list-id:list-help:list-owner:list-unsubscribe:"
    "list-unsubscribe-post:list-subscribe:list-post:(x)openpgp:(x)autocrypt";
constexpr std::string_view standard_path = "/var/lib/rspamd/dkim/$domain.$selector.key";

bool is_on(const UclValue* value, bool missing) {
    if (value == nullptr) {
        return missing;
    }
    return same_word(value->text, "true") || same_word(value->text, "yes") ||
           same_word(value->text, "on") || value->text == "1";
}

using Map = std::map<std::string, std::string>;

/// One use, one thread.
class RspamdReader {
  public:
    RspamdReader(PlanBuilder& plan, const std::string& path) : plan_(plan), path_(path) {}

    void run() {
        if (!load()) {
            return;
        }
        tell_options();
        if (const auto* enabled = root_.find("enabled");
            enabled != nullptr && !is_on(enabled, true)) {
            return plan_.warn(enabled->place,
                              "dkim_signing is switched off: nothing is taken over");
        }
        for (const char* source : {"use_redis", "use_vault", "use_http_headers"}) {
            if (is_on(root_.find(source), false)) {
                plan_.error(root_.find(source)->place,
                            fmt::format("{}: keys that are not in files are not read: export them, "
                                        "and `bulla dkim import DOMAIN SELECTOR FILE`",
                                        source));
            }
        }
        selectors_ = read_map("selector_map");
        paths_ = read_map("path_map");
        add_keys();
        if (plan_.keys().empty()) {
            return plan_.warn({.file = path_}, "no key was found that signs");
        }
        set_domains();
        trust_networks();
    }

  private:
    bool load() {
        root_.kind = UclValue::Kind::object;
        if (!plan_.files().is_directory(path_)) {
            return merge_file(path_, true);
        }
        bool any = false;
        for (const char* folder : {"modules.d", "local.d", "override.d"}) {
            const auto file = fmt::format("{}/{}/dkim_signing.conf", path_, folder);
            if (plan_.files().exists(file)) {
                // rspamd includes local.d with duplicate=merge, and override.d with a higher priority.
                any = merge_file(file, std::string_view(folder) != "override.d") || any;
            }
        }
        if (!any) {
            plan_.error({.file = path_},
                        "there is no local.d/dkim_signing.conf here that can be read");
        }
        return any;
    }

    bool merge_file(const std::string& file, bool deep) {
        const auto text = read_text(plan_.files(), file, most_config_octets);
        if (!text) {
            plan_.error({.file = file}, text.error().text);
            return false;
        }
        auto parsed = parse_ucl(text->view(), file);
        if (!parsed) {
            plan_.error({}, parsed.error().text);
            return false;
        }
        for (const auto& macro : parsed->macros) {
            // Those of modules.d name the very files that are read here.
            if (!macro.text.contains("dkim_signing.conf")) {
                plan_.error(macro.place,
                            fmt::format("{} is not followed: put what it names here", macro.text));
            }
        }
        const auto* section = parsed->root.find("dkim_signing");
        const auto& members =
            section != nullptr && section->kind == UclValue::Kind::object ? *section : parsed->root;
        merge_ucl(root_, members, deep);
        return true;
    }

    void tell_options() {
        for (const auto& value : root_.inside) {
            const auto* option = find_rspamd_option(value.name);
            if (option == nullptr) {
                plan_.error(value.place,
                            fmt::format("\"{}\" is no option of dkim_signing", value.name));
            } else if (option->fate == RspamdFate::unneeded) {
                plan_.note(value.place, fmt::format("{}: {}", option->name, option->text));
            } else if (option->fate == RspamdFate::differs && value.text != option->harmless) {
                plan_.differs(value.place, fmt::format("{}: {}", option->name, option->text));
            }
        }
        if (root_.find("use_esld") == nullptr) {
            plan_.differs({.file = path_}, std::string(find_rspamd_option("use_esld")->text));
        }
    }

    // A map in a file, or in the configuration itself as an object or lines: DOMAIN VALUE.
    Map read_map(std::string_view name) {
        Map out;
        const auto* value = root_.find(name);
        if (value == nullptr) {
            return out;
        }
        if (value->kind == UclValue::Kind::object) {
            for (const auto& one : value->inside) {
                out[lower(one.name)] = one.text;
            }
            return out;
        }
        if (value->kind == UclValue::Kind::list) {
            for (const auto& one : value->inside) {
                read_map_line(one.text, out);
            }
            return out;
        }
        for (const auto& line : read_map_file(*value)) {
            read_map_line(line, out);
        }
        return out;
    }

    static void read_map_line(std::string_view line, Map& out) {
        Piece rest{.text = line};
        const Piece key = take_word(rest);
        if (!key.text.empty() && out.size() < most_keys) {
            out[lower(key.text)] = std::string(rest.text);
        }
    }

    // The lines of the map that `value` names.
    std::vector<std::string> read_map_file(const UclValue& value) {
        std::string file = value.text;
        for (const std::string_view scheme : {"file://", "fallback+file://"}) {
            if (file.starts_with(scheme)) {
                file.erase(0, scheme.size());
            }
        }
        file = replace_all(file, "$LOCAL_CONFDIR", path_);
        file = replace_all(file, "${LOCAL_CONFDIR}", path_);
        std::vector<std::string> out;
        if (!file.starts_with('/')) {
            plan_.error(
                value.place,
                fmt::format(
                    "{}: only maps in files are read, and \"{}\" is none", value.name, file));
            return out;
        }
        const auto text = read_text(plan_.files(), file, most_table_octets);
        if (!text) {
            plan_.error(value.place, text.error().text);
            return out;
        }
        for (Lines lines(text->view()); lines.next() && out.size() < most_keys;) {
            const auto line = trim(lines.text().substr(0, lines.text().find('#')));
            if (!line.empty()) {
                out.emplace_back(line);
            }
        }
        return out;
    }

    [[nodiscard]] std::string text_of(const UclValue* object,
                                      std::string_view name,
                                      std::string_view missing) const {
        const auto* value = object == nullptr ? nullptr : object->find(name);
        return value == nullptr ? std::string(missing) : value->text;
    }

    [[nodiscard]] Place place_of(const UclValue* value) const {
        return value == nullptr ? Place{.file = path_} : value->place;
    }

    void add_keys() {
        if (root_.find("signing_table") != nullptr) {
            return plan_.error(place_of(root_.find("signing_table")),
                               "signing_table and key_table are not read here: name them in an "
                               "opendkim.conf (SigningTable refile:FILE, KeyTable FILE) and import "
                               "that with `bulla dkim import opendkim`");
        }
        if (const auto* domains = root_.find("domain")) {
            for (const auto& one : domains->inside) {
                add_domain(one);
            }
        }
        for (const Map* map : {&selectors_, &paths_}) {
            for (const auto& [domain, value] : *map) {
                if (!seen_.contains(domain)) {
                    add_mapped(domain,
                               place_of(root_.find(map == &paths_ ? "path_map" : "selector_map")));
                }
            }
        }
        add_fallback();
    }

    void add_domain(const UclValue& domain) {
        const std::string name = lower(domain.name);
        if (domain.kind != UclValue::Kind::object) {
            return plan_.error(domain.place, fmt::format("{} is to be a section", name));
        }
        seen_.insert(name);
        bool any = false;
        if (domain.find("selector") != nullptr || domain.find("path") != nullptr) {
            add(name, text_of(&domain, "selector", {}), text_of(&domain, "path", {}), domain.place);
            any = true;
        }
        const auto* selectors = domain.find("selectors");
        for (const auto& one : selectors == nullptr ? std::vector<UclValue>() : selectors->inside) {
            add(name, text_of(&one, "selector", {}), text_of(&one, "path", {}), one.place);
            any = true;
        }
        for (const auto& one : domain.inside) {
            if (one.name != "selector" && one.name != "path" && one.name != "selectors") {
                plan_.error(
                    one.place,
                    fmt::format("\"{}\" is no option of a domain of dkim_signing", one.name));
            }
        }
        if (!any) {
            add_mapped(name, domain.place);
        }
    }

    void add_mapped(const std::string& domain, const Place& place) {
        seen_.insert(domain);
        add(domain, {}, {}, place);
    }

    // What is empty comes from the maps, then from the section itself.
    void add(const std::string& domain,
             std::string selector,
             std::string path,
             const Place& place) {
        const auto fill = [&](std::string& value, const Map& map, const std::string& standard) {
            if (value.empty()) {
                const auto found = map.find(domain);
                value = found == map.end() ? standard : found->second;
            }
        };
        fill(selector, selectors_, text_of(&root_, "selector", "dkim"));
        fill(path, paths_, text_of(&root_, "path", standard_path));
        path = replace_all(replace_all(path, "$domain", domain), "$selector", selector);
        plan_.add_key({.domain = domain, .selector = selector}, path, place);
    }

    // try_fallback: a key for whatever domain has a file by the name of the path.
    void add_fallback() {
        if (!is_on(root_.find("try_fallback"), true)) {
            return;
        }
        const auto selector = text_of(&root_, "selector", "dkim");
        const auto path =
            replace_all(text_of(&root_, "path", standard_path), "$selector", selector);
        const Place place = place_of(root_.find("path"));
        if (!path.contains("$domain")) {
            return plan_.differs(
                place,
                "one key for the mail of all domains: bulla needs them by name. `bulla dkim import "
                "DOMAIN SELECTOR FILE` takes it for each");
        }
        const auto names = find_domains(plan_.files(), path, "$domain");
        if (!names) {
            // The folder of the standard path need not be there.
            if (root_.find("path") != nullptr) {
                plan_.warn(place, names.error().text);
            }
            return;
        }
        for (const auto& name : *names) {
            if (!seen_.contains(name)) {
                add_mapped(name, place);
            }
        }
    }

    void set_domains() {
        std::vector<std::string> fields;
        std::vector<std::string> oversigned;
        std::vector<std::string> marked;
        const auto listed = text_of(&root_, "sign_headers", standard_fields);
        for (const auto& one : split({.text = listed}, ":, ")) {
            const bool always = one.text.starts_with("(o)");
            const bool if_there = one.text.starts_with("(x)");
            const std::string name(one.text.substr(always || if_there ? 3 : 0));
            if (same_word(name, "dkim-signature")) {
                continue;
            }
            const auto is_name = [&name](std::string_view other) { return same_word(other, name); };
            if (std::ranges::none_of(fields, is_name)) {
                fields.push_back(name);
            }
            if ((always || if_there) && std::ranges::none_of(marked, is_name)) {
                marked.push_back(name);
                oversigned.push_back(name + (if_there ? "?" : ""));
            }
        }
        for (const auto& domain : plan_.domains_with_keys()) {
            plan_.set("dkim_canonicalization", "relaxed/relaxed", domain);
            plan_.set("dkim_expiry", "0 s", domain);
            plan_.set("dkim_signed_headers", join(fields), domain);
            plan_.set(
                "dkim_oversign_headers", oversigned.empty() ? "none" : join(oversigned), domain);
        }
    }

    void trust_networks() {
        if (is_on(root_.find("sign_local"), true)) {
            plan_.trust("localhost", place_of(root_.find("sign_local")));
            plan_.differs(place_of(root_.find("sign_local")),
                          "mail of private networks (local_addrs of options.inc) was signed too: "
                          "add those that are yours to trusted_networks");
        }
        const auto* networks = root_.find("sign_networks");
        if (networks == nullptr) {
            return;
        }
        if (networks->kind == UclValue::Kind::list) {
            for (const auto& one : networks->inside) {
                plan_.trust(one.text, one.place);
            }
        } else if (parse_network(networks->text)) {
            plan_.trust(networks->text, networks->place);
        } else {
            for (const auto& line : read_map_file(*networks)) {
                Piece rest{.text = line};
                plan_.trust(take_word(rest).text, networks->place);
            }
        }
    }

    PlanBuilder& plan_;
    const std::string& path_;
    UclValue root_;
    Map selectors_;
    Map paths_;
    std::set<std::string> seen_;
};

}  // namespace

ImportPlan import_rspamd(const Files& files, const std::string& path) {
    PlanBuilder plan(files);
    RspamdReader(plan, path).run();
    return plan.finish();
}

}  // namespace bulla::importers

#include "importers/sqmail.h"

#include "importers/builder.h"
#include "importers/text.h"
#include "keydir/load.h"
#include "policy/dkimdomains.h"
#include "policy/plan.h"

#include <fmt/format.h>

namespace bulla::importers {

namespace {

/// One use, one thread.
class SqmailReader {
  public:
    SqmailReader(PlanBuilder& plan, const std::string& home)
        : plan_(plan),
          policy_file_(home + "/control/dkimdomains"),
          me_file_(home + "/control/me"),
          hosts_file_(home + "/control/rcpthosts"),
          keys_{.path = home + "/ssl/domainkeys"} {}

    void run() {
        const auto text =
            read_text(plan_.files(), policy_file_, policy::PolicyLimits{}.most_octets);
        if (!text) {
            return plan_.error({.file = policy_file_}, text.error().text);
        }
        const auto parsed = policy::parse_dkimdomains(text->view());
        for (const auto& one : parsed.errors) {
            plan_.error({.file = policy_file_, .line = one.line, .column = one.column}, one.text);
        }
        for (const auto& one : parsed.warnings) {
            plan_.warn({.file = policy_file_, .line = one.line, .column = one.column}, one.text);
        }
        if (!parsed.errors.empty()) {
            return plan_.error({.file = policy_file_},
                               "bulla would not sign by a file with errors: mend it (bulla dkim "
                               "policy check)");
        }
        read_me();
        read_hosts();
        check_entries(parsed.policy, text->view());
        plan_.set("dkim_key_directory", keys_.path);
        plan_.set("dkim_policy_file", policy_file_);
        plan_.warn({.file = keys_.path},
                   "bulla reads these keys and dkimdomains where they lie, as the user of its "
                   "service: give that user a copy if they belong to another one (guide: "
                   "opendkim-migration.md)");
        plan_.differs(
            {.file = policy_file_},
            "from then on this file decides by the envelope sender; keys that the domain of the "
            "From address has in the instance sign besides");
    }

  private:
    void read_me() {
        const auto text = read_text(plan_.files(), me_file_, most_config_octets);
        if (!text) {
            return plan_.warn({.file = me_file_}, text.error().text);
        }
        const auto name = trim(text->view().substr(0, text->view().find('\n')));
        auto domain = DomainName::parse(name);
        if (!domain) {
            return plan_.error({.file = me_file_, .line = 1, .column = 1},
                               fmt::format("\"{}\" is no domain", name));
        }
        me_ = *std::move(domain);
        if (keydir::has_domain(keys_, *me_)) {
            plan_.differs({.file = me_file_, .line = 1, .column = 1},
                          fmt::format("the key of {} signs what no other key is for: in bulla that "
                                      "is the name `hostname` of bulla.toml, which has to be {}",
                                      me_->ascii(),
                                      me_->ascii()));
        }
    }

    void read_hosts() {
        const auto text = read_text(plan_.files(), hosts_file_, most_table_octets);
        if (!text) {
            return;
        }
        for (Lines lines(text->view()); lines.next();) {
            const auto host = trim(lines.text());
            if (host.empty() || host.starts_with('#')) {
                continue;
            }
            const Place place{.file = hosts_file_, .line = lines.number(), .column = 1};
            auto domain = DomainName::parse(host);
            if (host.starts_with('.')) {
                below_.push_back(place);
            } else if (!domain) {
                plan_.warn(place, fmt::format("\"{}\" is no domain", host));
            } else if (ours_.size() < most_keys) {
                ours_.push_back(*std::move(domain));
            }
        }
    }

    void check_entries(const policy::DkimDomains& policy, std::string_view text) {
        const auto is_ours = [](const DomainName&) { return true; };
        for (Lines lines(text); lines.next();) {
            const auto line = trim(lines.text());
            if (line.empty() || line.starts_with('#')) {
                continue;
            }
            const Place place{.file = policy_file_, .line = lines.number(), .column = 1};
            const auto name = line.substr(0, line.find(':'));
            if (name == "=") {
                take_ours(policy, place);
            } else if (name == "*") {
                check_keys(policy.decide(nullptr, is_ours), nullptr, place);
            } else if (const auto domain =
                           DomainName::parse(name.starts_with('.') ? name.substr(1) : name)) {
                check_domain(policy, *domain, name.starts_with('.'), place);
            }
        }
    }

    void check_domain(const policy::DkimDomains& policy,
                      const DomainName& domain,
                      bool below,
                      const Place& place) {
        // A name below it stands for all of them: none of them need exist.
        const auto inside = DomainName::parse(below ? "x." + domain.ascii() : domain.ascii());
        if (inside) {
            check_keys(
                policy.decide(&*inside, [](const DomainName&) { return true; }), &domain, place);
        }
    }

    // The domains of rcpthosts have to be domains of the instance for this line to mean them.
    void take_ours(const policy::DkimDomains& policy, const Place& place) {
        for (const auto& domain : ours_) {
            plan_.add_domain(domain);
            const auto* entry = policy.decide(&domain, [](const DomainName&) { return true; });
            if (entry != nullptr && entry->kind == policy::EntryKind::rcpthosts) {
                check_keys(entry, &domain, place);
            }
        }
        for (const auto& host : below_) {
            plan_.differs(host,
                          "the domains below are not known by name: `=` means them only once each "
                          "is a domain of the instance (bulla domain add)");
        }
    }

    void check_keys(const policy::Entry* entry, const DomainName* sender, const Place& place) {
        if (entry == nullptr || ++checked_ > most_keys) {
            return;
        }
        for (const auto& planned : entry->signatures) {
            check_key(planned, sender, place);
        }
    }

    void check_key(const policy::PlannedSignature& planned,
                   const DomainName* sender,
                   const Place& place) {
        for (const auto& directory : policy::key_directories(sender, me_)) {
            if (!keydir::has_domain(keys_, directory)) {
                continue;
            }
            const auto key =
                keydir::load_key(keys_, directory, planned.selector, planned.algorithm);
            if (!key) {
                plan_.error(place, key.error().text);
            }
            return;
        }
        plan_.error(place,
                    fmt::format("{} has no folder of keys for {}",
                                keys_.path,
                                sender == nullptr ? "mail of others" : sender->ascii()));
    }

    PlanBuilder& plan_;
    std::string policy_file_;
    std::string me_file_;
    std::string hosts_file_;
    keydir::KeyDirectory keys_;
    std::optional<DomainName> me_;
    std::vector<DomainName> ours_;
    std::vector<Place> below_;
    std::size_t checked_ = 0;
};

}  // namespace

ImportPlan import_sqmail(const Files& files, const std::string& home) {
    PlanBuilder plan(files);
    SqmailReader(plan, home).run();
    return plan.finish();
}

}  // namespace bulla::importers

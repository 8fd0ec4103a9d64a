#include "importers/key_paths.h"
#include "importers/opendkim_parts.h"
#include "importers/opendkim_rules.h"
#include "importers/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

namespace bulla::importers {

namespace {

/// A line of KeyTable.
struct TableKey {
    std::string_view domain;  ///< d=; "%": that of the From address.
    std::string_view selector;
    std::string_view key;  ///< A path, or the key itself.
    Place place;

    [[nodiscard]] bool is_path() const {
        return key.starts_with('/') || key.starts_with("./") || key.starts_with("../");
    }
};

using KeyTable = std::map<std::string_view, TableKey>;

KeyTable read_key_table(PlanBuilder& plan, const DataSet& set) {
    KeyTable out;
    for (const SetEntry& entry : set.entries) {
        const std::size_t first = entry.value.find(':');
        const std::size_t second =
            first == std::string_view::npos ? first : entry.value.find(':', first + 1);
        if (second == std::string_view::npos) {
            plan.error(
                entry.place,
                fmt::format("the key {} has no three parts DOMAIN:SELECTOR:FILE", entry.key));
            continue;
        }
        out.try_emplace(
            entry.key,
            TableKey{.domain = trim(entry.value.substr(0, first)),
                     .selector = trim(entry.value.substr(first + 1, second - first - 1)),
                     .key = trim(entry.value.substr(second + 1)),
                     .place = entry.place});
    }
    return out;
}

/// Turns rules and keys into keys of domains.
class TableReader {
  public:
    TableReader(PlanBuilder& plan,
                const OpendkimConfig& config,
                const KeyTable& keys,
                const SigningRules& rules)
        : plan_(plan), config_(config), keys_(keys), rules_(rules) {}

    void run() {
        for (const auto& domain : rules_.domains()) {
            for (const SigningRule* rule :
                 rules_.decide(domain, config_.flag("MultipleSignatures"))) {
                sign(*rule, domain);
            }
        }
        for (const SigningRule& rule : rules_.all()) {
            switch (rule.whose) {
                case Whose::domain:
                    break;
                case Whose::address:
                    plan_.differs(rule.place,
                                  fmt::format("{} signs for one address alone; bulla decides by "
                                              "the domain, and this line is not taken over",
                                              rule.key));
                    break;
                case Whose::below:
                    tell_below(rule);
                    break;
                case Whose::everybody:
                    sign_everybody(rule);
                    break;
            }
        }
        tell_unused();
    }

  private:
    const TableKey* find(const SigningRule& rule) {
        const auto found = keys_.find(rule.key);
        if (found == keys_.end()) {
            if (said_.insert(std::string(rule.key)).second) {
                plan_.error(rule.place,
                            fmt::format("KeyTable has no key by the name \"{}\"", rule.key));
            }
            return nullptr;
        }
        used_.insert(rule.key);
        return &found->second;
    }

    void tell_signer(const SigningRule& rule) {
        if (!rule.signer.empty() && !std::exchange(said_signer_, true)) {
            plan_.differs(rule.place, "signatures have no i=");
        }
    }

    void sign(const SigningRule& rule, const DomainName& domain) {
        const TableKey* key = find(rule);
        if (key == nullptr) {
            return;
        }
        tell_signer(rule);
        const auto signer = key->domain == "%" ? domain.ascii() : lower(key->domain);
        if (signer != domain.ascii()) {
            return plan_.error(
                rule.place,
                fmt::format("mail of {} was signed by {} (d=), and bulla signs it with a key of "
                            "{} alone: make one (bulla dkim add), or let a dkimdomains file decide "
                            "(docs/policy/dkimdomains.md)",
                            domain.ascii(),
                            signer,
                            domain.ascii()));
        }
        add(*key, domain.ascii());
    }

    void add(const TableKey& key, const std::string& domain) {
        const KeyName name{.domain = domain, .selector = std::string(key.selector)};
        if (key.is_path()) {
            const auto path = replace_all(key.key, "%", domain);
            plan_.add_key(name, below_root(config_.path_of(path)), key.place);
        } else {
            plan_.add_key_text(name, key.key, key.place);
        }
    }

    // opendkim(8), FILE PERMISSIONS: keys of KeyTable are read when the root is another one already.
    [[nodiscard]] std::string below_root(const std::string& path) const {
        return std::string(config_.text("ChangeRootDirectory")) + path;
    }

    void tell_below(const SigningRule& rule) {
        if (const TableKey* key = find(rule)) {
            plan_.differs(rule.place,
                          fmt::format("mail of the domains below {} was signed by {}; bulla signs "
                                      "it once such a domain has a key of its own (bulla domain "
                                      "add, bulla dkim add), or as a dkimdomains file says",
                                      rule.name,
                                      key->domain == "%" ? "them" : key->domain));
        }
    }

    void sign_everybody(const SigningRule& rule) {
        const TableKey* key = find(rule);
        if (key == nullptr) {
            return;
        }
        tell_signer(rule);
        if (key->domain == "%") {
            return sign_folders(rule, *key);
        }
        if (const auto domain = DomainName::parse(key->domain); domain && !rules_.names(*domain)) {
            add(*key, domain->ascii());
        }
        plan_.differs(
            rule.place,
            fmt::format("mail of all other domains was signed by {} (d=) too; bulla signs "
                        "for the domain of the From address alone",
                        key->domain));
    }

    // A key for whoever has one: the names of the files say who that is.
    void sign_folders(const SigningRule& rule, const TableKey& key) {
        if (!key.is_path() || !key.key.contains('%')) {
            return plan_.differs(
                rule.place,
                "one key for the mail of all domains: bulla needs them by name. `bulla dkim import "
                "DOMAIN SELECTOR FILE` takes it for each");
        }
        const auto names = find_domains(plan_.files(), below_root(config_.path_of(key.key)), "%");
        if (!names) {
            return plan_.error(key.place, names.error().text);
        }
        for (const auto& name : *names) {
            if (const auto domain = DomainName::parse(name); domain && !rules_.names(*domain)) {
                add(key, name);
            }
        }
        plan_.note(
            rule.place,
            fmt::format("{} domains have a key by that name: those are taken", names->size()));
    }

    void tell_unused() {
        for (const auto& [name, key] : keys_) {
            if (!used_.contains(name)) {
                plan_.note(
                    key.place,
                    fmt::format("no line of SigningTable uses the key {}: it is not taken", name));
            }
        }
    }

    PlanBuilder& plan_;
    const OpendkimConfig& config_;
    const KeyTable& keys_;
    const SigningRules& rules_;
    std::set<std::string_view> used_;
    std::set<std::string> said_;
    bool said_signer_ = false;
};

void add_from_tables(PlanBuilder& plan, const OpendkimConfig& config) {
    for (const auto* name : {"Domain", "KeyFile", "Selector"}) {
        if (const auto* value = config.find(name)) {
            plan.note(value->place, fmt::format("{}: it is not used beside KeyTable", name));
        }
    }
    const auto keys = read_data_set(plan, config, "KeyTable");
    if (config.find("SigningTable") == nullptr) {
        return plan.error(
            config.place("KeyTable"),
            "there is a KeyTable and no SigningTable: nothing here says whose mail is "
            "signed");
    }
    const auto lines = read_data_set(plan, config, "SigningTable");
    if (!keys || !lines) {
        return;
    }
    if (keys->patterns) {
        plan.warn(config.place("KeyTable"),
                  "KeyTable with patterns (refile:): its names are read as they are");
    }
    const auto table = read_key_table(plan, *keys);
    const auto rules = SigningRules::read(plan, *lines);
    TableReader(plan, config, table, rules).run();
}

void add_single(PlanBuilder& plan, const OpendkimConfig& config) {
    if (config.find("SigningTable") != nullptr) {
        return plan.error(config.place("SigningTable"), "there is a SigningTable and no KeyTable");
    }
    for (const auto* name : {"Domain", "KeyFile", "Selector"}) {
        if (config.find(name) == nullptr) {
            return plan.error(config.place(name),
                              fmt::format("{} is not set, and there is no KeyTable: OpenDKIM signs "
                                          "nothing with that",
                                          name));
        }
    }
    const auto domains = read_data_set(plan, config, "Domain");
    for (const SetEntry& entry : domains ? domains->entries : std::vector<SetEntry>()) {
        plan.add_key(
            {.domain = std::string(entry.key), .selector = std::string(config.text("Selector"))},
            config.path_of(config.text("KeyFile")),
            entry.place);
    }
    if (config.flag("SubDomains")) {
        plan.differs(
            config.place("SubDomains"),
            "SubDomains: mail of the domains below was signed by these (d=); bulla signs "
            "it once such a domain has a key of its own (bulla domain add, bulla dkim add), "
            "or as a dkimdomains file says. Signatures have no i=");
    }
}

}  // namespace

void add_opendkim_keys(PlanBuilder& plan, const OpendkimConfig& config) {
    if (config.find("KeyTable") != nullptr) {
        add_from_tables(plan, config);
    } else {
        add_single(plan, config);
    }
}

}  // namespace bulla::importers

#include "importers/opendkim_rules.h"

#include "importers/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace bulla::importers {

namespace {

std::optional<std::string> domain_of(std::string_view text) {
    auto domain = DomainName::parse(text);
    return domain ? std::optional(domain->ascii()) : std::nullopt;
}

std::optional<SigningRule> name_domain(PlanBuilder& plan,
                                       const SetEntry& entry,
                                       std::string_view name,
                                       SigningRule rule) {
    auto domain = domain_of(name);
    if (!domain) {
        plan.error(entry.place,
                   fmt::format("\"{}\" is no pattern that bulla can tell the domains of: this "
                               "line is not taken over",
                               entry.key));
        return std::nullopt;
    }
    rule.name = *std::move(domain);
    return rule;
}

// refile: the pattern is held against the whole address.
std::optional<SigningRule> read_pattern(PlanBuilder& plan, const SetEntry& entry) {
    SigningRule rule;
    rule.place = entry.place;
    const auto pattern = entry.key;
    if (pattern == "*" || pattern == "*@*") {
        rule.whose = Whose::everybody;
        return rule;
    }
    const std::size_t at = pattern.rfind('@');
    const auto local = pattern.substr(0, at == std::string_view::npos ? 0 : at);
    auto name = at == std::string_view::npos ? pattern : pattern.substr(at + 1);
    if (at == std::string_view::npos && !pattern.starts_with('*')) {
        plan.warn(entry.place,
                  fmt::format("\"{}\" never matches: with refile: a pattern is held against the "
                              "whole address. OpenDKIM signs nothing by this line; was *@{} meant?",
                              pattern,
                              pattern));
        return std::nullopt;
    }
    if (name.starts_with("*.") && (at == std::string_view::npos || local == "*")) {
        rule.whose = Whose::below;
        name.remove_prefix(2);
    } else if (at == std::string_view::npos) {
        name.remove_prefix(1);
        plan.differs(
            entry.place,
            fmt::format("\"{}\" also matches other domains that end so: bulla signs for {} "
                        "alone",
                        pattern,
                        name));
    } else if (local != "*") {
        rule.whose = Whose::address;
        return rule;
    }
    return name_domain(plan, entry, name, std::move(rule));
}

// All other sets: user@host, host, user@.domain, .domain, user@*, *.
std::optional<SigningRule> read_key(PlanBuilder& plan, const SetEntry& entry) {
    SigningRule rule;
    rule.place = entry.place;
    auto name = entry.key;
    if (name == "*") {
        rule.whose = Whose::everybody;
        return rule;
    }
    if (name.starts_with("*@")) {
        plan.warn(entry.place,
                  fmt::format("\"{}\" never matches: only refile: has patterns. OpenDKIM signs "
                              "nothing by this line; was {} meant?",
                              name,
                              name.substr(2)));
        return std::nullopt;
    }
    if (name.contains('@')) {
        rule.whose = Whose::address;
        return rule;
    }
    if (name.starts_with('.')) {
        rule.whose = Whose::below;
        name.remove_prefix(1);
    }
    return name_domain(plan, entry, name, std::move(rule));
}

std::vector<std::size_t> found(
    const std::unordered_map<std::string_view, std::vector<std::size_t>>& index,
    std::string_view name) {
    const auto at = index.find(name);
    return at == index.end() ? std::vector<std::size_t>() : at->second;
}

}  // namespace

SigningRules SigningRules::read(PlanBuilder& plan, const DataSet& set) {
    SigningRules out;
    out.ordered_ = set.patterns;
    for (const SetEntry& entry : set.entries) {
        auto rule = set.patterns ? read_pattern(plan, entry) : read_key(plan, entry);
        if (!rule) {
            continue;
        }
        const std::size_t colon = entry.value.find(':');
        rule->key = trim(entry.value.substr(0, colon));
        if (colon != std::string_view::npos) {
            rule->signer = trim(entry.value.substr(colon + 1));
        }
        if (rule->key.empty()) {
            plan.error(entry.place, fmt::format("\"{}\" names no key", entry.key));
            continue;
        }
        out.rules_.push_back(*std::move(rule));
    }
    out.index();
    return out;
}

void SigningRules::index() {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const SigningRule& rule = rules_[i];
        switch (rule.whose) {
            case Whose::domain:
                exact_[rule.name].push_back(i);
                break;
            case Whose::below:
                below_[rule.name].push_back(i);
                break;
            case Whose::everybody:
                everybody_.push_back(i);
                break;
            case Whose::address:
                break;
        }
    }
}

std::vector<const SigningRule*> SigningRules::decide(const DomainName& domain, bool several) const {
    // opendkim.conf(5), SigningTable: the host itself first, then .domain, the nearest first, then *.
    std::vector<std::size_t> lines = found(exact_, domain.ascii());
    std::string_view above = domain.ascii();
    for (std::size_t dot = above.find('.'); dot != std::string_view::npos; dot = above.find('.')) {
        above.remove_prefix(dot + 1);
        const auto more = found(below_, above);
        lines.insert(lines.end(), more.begin(), more.end());
    }
    lines.insert(lines.end(), everybody_.begin(), everybody_.end());
    if (ordered_) {
        std::ranges::sort(lines);
    }
    if (!several && lines.size() > 1) {
        lines.resize(1);
    }
    std::vector<const SigningRule*> out;
    out.reserve(lines.size());
    for (const std::size_t line : lines) {
        out.push_back(&rules_[line]);
    }
    return out;
}

std::vector<DomainName> SigningRules::domains() const {
    std::vector<DomainName> out;
    std::set<std::string_view> seen;
    for (const SigningRule& rule : rules_) {
        if (rule.whose == Whose::domain && seen.insert(rule.name).second) {
            if (auto domain = DomainName::parse(rule.name)) {
                out.push_back(*std::move(domain));
            }
        }
    }
    return out;
}

bool SigningRules::names(const DomainName& domain) const {
    return exact_.contains(domain.ascii());
}

}  // namespace bulla::importers

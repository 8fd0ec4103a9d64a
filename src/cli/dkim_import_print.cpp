#include "base/plural.h"
#include "cli/dkim_import.h"
#include "cli/output.h"

#include <map>
#include <ostream>
#include <set>

namespace bulla::cli {

namespace {

using importers::ImportPlan;
using importers::Severity;
using nlohmann::json;

constexpr std::size_t most_names = 3;
constexpr std::size_t most_domains = 20;

json findings_to_json(const ImportPlan& plan) {
    auto out = json::array();
    for (const auto& one : plan.findings) {
        out.push_back({{"severity", importers::to_string(one.severity)},
                       {"file", one.place.file},
                       {"line", one.place.line},
                       {"column", one.place.column},
                       {"text", one.text}});
    }
    return out;
}

void print_keys(const Context& context, const ImportPlan& plan) {
    Table table({"DOMAIN", "SELECTOR", "TYPE", "BITS", "SIGNS", "FILE"});
    for (const auto& key : plan.keys) {
        const auto& half = key.key->public_key();
        table.add({key.domain.ascii(),
                   key.selector.text(),
                   std::string(crypto::to_string(half.type())),
                   std::to_string(half.bits()),
                   key.active ? "yes" : "waits",
                   key.file});
    }
    table.print(context.out, "no keys are taken over");
}

// Whatever a domain is added for, mail for it is local from then on.
void print_domains(const Context& context, const ImportPlan& plan) {
    if (plan.domains.empty()) {
        return;
    }
    context.out << "\ndomains that the instance is to serve, whose mail is local then: ";
    for (std::size_t i = 0; i < plan.domains.size() && i < most_domains; ++i) {
        context.out << (i == 0 ? "" : " ") << plan.domains[i].ascii();
    }
    if (plan.domains.size() > most_domains) {
        context.out << " and " << plan.domains.size() - most_domains << " more";
    }
    context.out << '\n';
}

// Settings that many domains share stand in one line.
void print_settings(const Context& context, const ImportPlan& plan) {
    std::vector<const importers::PlannedSetting*> order;
    std::map<std::pair<std::string, std::string>, std::vector<std::string>> whose;
    for (const auto& one : plan.settings) {
        auto& names = whose[{one.name, one.value}];
        if (names.empty()) {
            order.push_back(&one);
        }
        names.push_back(one.domain ? one.domain->ascii() : "the server");
    }
    if (order.empty()) {
        return;
    }
    context.out << '\n';
    Table table({"SETTING", "OF", "VALUE"});
    for (const auto* one : order) {
        const auto& names = whose[{one->name, one->value}];
        std::string of;
        for (const auto& name : names) {
            of += (of.empty() ? "" : " ") + name;
        }
        table.add({one->name,
                   names.size() > most_names ? std::to_string(names.size()) + " domains" : of,
                   one->value});
    }
    table.print(context.out, "");
}

void print_findings(const Context& context,
                    const ImportPlan& plan,
                    Severity severity,
                    std::string_view heading) {
    std::set<std::string> said;
    for (const auto& one : plan.findings) {
        if (one.severity != severity) {
            continue;
        }
        const std::string text = importers::write_finding(one);
        if (said.empty()) {
            context.out << '\n' << heading << '\n';
        }
        if (said.insert(text).second) {
            context.out << "  " << printable(text) << '\n';
        }
    }
}

}  // namespace

json plan_to_json(const ImportPlan& plan) {
    json out = {{"domains", json::array()},
                {"keys", json::array()},
                {"settings", json::array()},
                {"trusted_networks", json::array()},
                {"findings", findings_to_json(plan)},
                {"more_findings", plan.more_findings}};
    for (const auto& domain : plan.domains) {
        out["domains"].push_back(domain.ascii());
    }
    for (const auto& key : plan.keys) {
        const auto& half = key.key->public_key();
        out["keys"].push_back({{"domain", key.domain.ascii()},
                               {"selector", key.selector.text()},
                               {"algorithm", crypto::to_string(half.type())},
                               {"bits", half.bits()},
                               {"fingerprint", half.fingerprint()},
                               {"active", key.active},
                               {"file", key.file}});
    }
    for (const auto& one : plan.settings) {
        out["settings"].push_back({{"name", one.name},
                                   {"value", one.value},
                                   {"domain", one.domain ? json(one.domain->ascii()) : json()}});
    }
    for (const auto& one : plan.trusted) {
        out["trusted_networks"].push_back(one.text());
    }
    return out;
}

void print_plan(const Context& context, const ImportPlan& plan) {
    print_keys(context, plan);
    print_domains(context, plan);
    print_settings(context, plan);
    if (!plan.trusted.empty()) {
        context.out << "\ntrusted_networks, whose clients' mail is signed and who may relay "
                       "through relay listeners:";
        for (const auto& one : plan.trusted) {
            context.out << ' ' << one.text();
        }
        context.out << '\n';
    }
    print_findings(context, plan, Severity::error, "Not taken over:");
    print_findings(context, plan, Severity::warning, "Look at this:");
    print_findings(context, plan, Severity::differs, "What will differ:");
    print_findings(context, plan, Severity::note, "Not needed:");
    if (plan.more_findings > 0) {
        context.out << "\nand "
                    << plural(static_cast<std::int64_t>(plan.more_findings),
                              "more remark",
                              "more remarks")
                    << '\n';
    }
}

}  // namespace bulla::cli

#include "cli/groups.h"
#include "cli/output.h"
#include "services/check.h"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

namespace bulla::cli {
namespace {

using services::CheckState;
using services::Finding;

std::size_t count(std::span<const Finding> findings, CheckState state) {
    return static_cast<std::size_t>(std::ranges::count(findings, state, &Finding::state));
}

void print_json_findings(const Context& context, std::span<const Finding> findings) {
    nlohmann::json list = nlohmann::json::array();
    for (const Finding& finding : findings) {
        list.push_back({{"area", finding.area},
                        {"state", services::to_string(finding.state)},
                        {"text", finding.text},
                        {"action", finding.action}});
    }
    print_json(context.out,
               {{"findings", list},
                {"warnings", count(findings, CheckState::warning)},
                {"errors", count(findings, CheckState::error)}});
}

void print_findings(const Context& context, std::span<const Finding> findings) {
    for (const Finding& finding : findings) {
        context.out << fmt::format("{:<8} {:<14} {}\n",
                                   services::to_string(finding.state),
                                   finding.area,
                                   printable(finding.text));
        if (!finding.action.empty()) {
            context.out << fmt::format("{:<24}-> {}\n", "", printable(finding.action));
        }
    }
    context.out << count(findings, CheckState::error) << " errors, "
                << count(findings, CheckState::warning) << " warnings\n";
}

}  // namespace

void add_check_command(CLI::App& root, Context& context) {
    CLI::App& command = add_command(
        root,
        "check",
        {"Look for what will hurt: configuration, permissions, disk, database, log, "
         "clock, DNS, ports. Ends with 0 if all is well, 1 with warnings, 2 with errors",
         "bulla check --offline"});
    const auto offline = std::make_shared<bool>(false);
    command.add_flag("--offline", *offline, "Do not ask the DNS");
    add_config_option(command, context);
    add_json_option(command, context);
    set_action(command, context, [&context, offline]() -> Result<ExitCode> {
        BULLA_TRY(path, find_config(context));
        const auto findings = services::check_instance({.config_path = path,
                                                        .dns = !*offline,
                                                        .clock = context.clock,
                                                        .random = context.random});
        if (context.json) {
            print_json_findings(context, findings);
        } else {
            print_findings(context, findings);
        }
        return static_cast<ExitCode>(services::worst(findings));
    });
}

}  // namespace bulla::cli

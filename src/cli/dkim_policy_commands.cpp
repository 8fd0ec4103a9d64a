#include "base/file.h"
#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "policy/dkimdomains.h"

#include <fmt/format.h>
#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

using nlohmann::json;

void print_signatures(const Context& context, const json& said) {
    context.out << printable(show(said, "why")) << '\n';
    Table table({"D", "S", "ALGORITHM", "CANONICAL", "EXPIRES", "I", "L", "KEY OF"});
    for (const auto& one : said["signatures"]) {
        table.add({show(one, "domain"),
                   show(one, "selector"),
                   show(one, "algorithm"),
                   show(one, "canonicalization"),
                   one["expire_after"] == 0 ? "never" : show(one, "expire_after") + " s",
                   show(one, "identity"),
                   show_flag(one["body_length"]),
                   show(one, "key_of")});
    }
    table.print(context.out, "not signed");
    for (const auto& sentence : said["missed"]) {
        context.out << "! " << printable(sentence.get<std::string>()) << '\n';
    }
}

void print_policy(const Context& context, const json& value) {
    if (value["source"] == "file") {
        context.out << "in force: " << printable(show(value, "file")) << ", "
                    << show(value, "entries") << " entries, keys in "
                    << printable(show(value, "key_directory"))
                    << " (setting dkim_policy_file; the keys of the instance are not used)\n";
    } else {
        context.out << "in force: the keys of each domain in the instance (bulla dkim list); no "
                       "dkimdomains file (setting dkim_policy_file)\n";
    }
    if (!show(value, "broken").empty()) {
        context.out << "! outgoing mail is put off: " << printable(show(value, "broken")) << '\n';
    }
    if (value.contains("address")) {
        print_signatures(context, value["address"]);
    }
}

void add_show(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "show",
        {"Say which policy is in force and, for an address, how its mail is signed and why",
         "bulla dkim policy show joe@example.com"});
    const auto address = std::make_shared<std::string>();
    CLI::Option* option =
        command.add_option("ADDRESS", *address, "A sender; <> for mail without one");
    add_instance_options(command, context);
    set_action(command, context, [&context, address, option] {
        json arguments = json::object();
        if (option->count() > 0) {
            arguments["address"] = *address;
        }
        return call_and_print(context, "dkim.policy", arguments, [&](const json& value) {
            print_policy(context, value);
        });
    });
}

json to_json(const std::vector<policy::Finding>& findings) {
    auto out = json::array();
    for (const auto& one : findings) {
        out.push_back({{"line", one.line}, {"column", one.column}, {"text", one.text}});
    }
    return out;
}

Result<ExitCode> check_file(Context& context, const std::string& path) {
    BULLA_TRY(text,
              load_secret_file(path, policy::PolicyLimits{}.most_octets, FileAccess::anybody));
    const auto parsed = policy::parse_dkimdomains(text.view());
    const auto status = parsed.errors.empty() ? ExitCode::ok : ExitCode::negative;
    if (context.json) {
        print_json(context.out,
                   {{"entries", parsed.policy.size()},
                    {"errors", to_json(parsed.errors)},
                    {"warnings", to_json(parsed.warnings)},
                    {"more", parsed.more_findings}});
        return status;
    }
    for (const auto& one : parsed.errors) {
        context.out << printable(policy::write_finding(path, one)) << '\n';
    }
    for (const auto& one : parsed.warnings) {
        context.out << printable(policy::write_finding(path, one)) << " (warning)\n";
    }
    if (parsed.more_findings > 0) {
        context.out << "and " << parsed.more_findings << " more\n";
    }
    if (parsed.errors.empty()) {
        context.out << parsed.policy.size() << " entries\n";
    }
    return status;
}

void add_check(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "check",
                                    {"Read a dkimdomains file and tell what is wrong with it",
                                     "bulla dkim policy check /var/qmail/control/dkimdomains"});
    const auto path = std::make_shared<std::string>();
    command.add_option("FILE", *path, "The file")->required();
    add_json_option(command, context);
    set_action(command, context, [&context, path] { return check_file(context, *path); });
}

}  // namespace

void add_dkim_policy_commands(CLI::App& dkim, Context& context) {
    CLI::App& group = add_group(
        dkim, "policy", {"Who signs what: dkimdomains", "bulla dkim policy show joe@example.com"});
    add_show(group, context);
    add_check(group, context);
}

}  // namespace bulla::cli

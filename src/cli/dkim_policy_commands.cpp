#include "base/file.h"
#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "policy/dkimdomains.h"
#include "services/finding_json.h"

#include <array>
#include <fmt/format.h>
#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

using nlohmann::json;

void print_signatures(const Context& context, const json& said) {
    context.out << printable(show(said, "why")) << '\n';
    Table table({"D", "S", "ALGORITHM", "CANONICAL", "EXPIRES", "I", "L", "KEY OF", "BY"});
    for (const auto& one : said["signatures"]) {
        table.add({show(one, "domain"),
                   show(one, "selector"),
                   show(one, "algorithm"),
                   show(one, "canonicalization"),
                   one["expire_after"] == 0 ? "never" : show(one, "expire_after") + " s",
                   show(one, "identity"),
                   show_flag(one["body_length"]),
                   show(one, "key_of"),
                   show(one, "by")});
    }
    table.print(context.out, "not signed");
    for (const auto& sentence : said["missed"]) {
        context.out << "! " << printable(sentence.get<std::string>()) << '\n';
    }
    if (!show(said, "refused").empty()) {
        context.out << "! such mail is put off: " << printable(show(said, "refused")) << '\n';
    }
}

// The file and the instance's own policy never disagree in silence.
void print_own(const Context& context, const json& own) {
    if (own["lines"] == 0 || own["in_force"].get<bool>()) {
        return;
    }
    context.out << "! the instance has a policy of its own, which is not in force: ";
    if (own["differs_at"] == 0) {
        context.out << "it is the same\n";
    } else {
        context.out << "it differs from the file in line " << own["differs_at"]
                    << " (bulla dkim policy get)\n";
    }
}

void print_policy(const Context& context, const json& value) {
    const auto source = show(value, "source");
    if (source == "keys") {
        context.out << "in force: the keys of each domain in the instance (bulla dkim list); no "
                       "signing policy (bulla dkim policy set, or setting dkim_policy_file)\n";
    } else {
        const auto directory = show(value, "key_directory");
        context.out << "in force: "
                    << (source == "file" ? printable(show(value, "file"))
                                         : "the instance's own policy")
                    << ", " << show(value, "entries") << " entries, keys "
                    << (directory.empty() ? std::string() : "in " + printable(directory) + " and ")
                    << "of the instance; the keys of a From domain sign besides\n";
    }
    print_own(context, value["own"]);
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
    const auto from = std::make_shared<std::string>();
    CLI::Option* option =
        command.add_option("ADDRESS", *address, "A return address; <> for mail without one");
    CLI::Option* author =
        command.add_option("--from", *from, "The author's address, if it is another")
            ->needs(option);
    add_instance_options(command, context);
    set_action(command, context, [&context, address, from, option, author] {
        json arguments = json::object();
        if (option->count() > 0) {
            arguments["address"] = *address;
        }
        if (author->count() > 0) {
            arguments["from"] = *from;
        }
        return call_and_print(context, "dkim.policy", arguments, [&](const json& value) {
            print_policy(context, value);
        });
    });
}

Result<ExitCode> check_file(Context& context, const std::string& path) {
    BULLA_TRY(text,
              load_secret_file(path, policy::PolicyLimits{}.most_octets, FileAccess::anybody));
    const auto parsed = policy::parse_dkimdomains(text.view());
    const auto status = parsed.errors.empty() ? ExitCode::ok : ExitCode::negative;
    if (context.json) {
        print_json(context.out,
                   {{"entries", parsed.policy.size()},
                    {"errors", services::to_json(parsed.errors)},
                    {"warnings", services::to_json(parsed.warnings)},
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

void add_get(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "get",
        {"Print the instance's own signing policy", "bulla dkim policy get > dkimdomains"});
    add_instance_options(command, context);
    set_action(command, context, [&context] {
        return call_and_print(context, "dkim.policy.get", json::object(), [&](const json& value) {
            context.out << show(value, "text");
        });
    });
}

// A file, or standard input for "-".
Result<std::string> read_policy_text(const Context& context, const std::string& path) {
    constexpr auto most = policy::PolicyLimits{}.most_octets;
    if (path != "-") {
        BULLA_TRY(file, load_secret_file(path, most, FileAccess::anybody));
        return std::string(file.view());
    }
    std::string text;
    std::array<char, 65536> part{};
    while (context.in.read(part.data(), part.size()) || context.in.gcount() > 0) {
        text.append(part.data(), static_cast<std::size_t>(context.in.gcount()));
        if (text.size() > most) {
            return fail(
                "input.too_large", Fault::sender, "the policy on standard input is too large");
        }
    }
    return text;
}

Result<ExitCode> set_policy(Context& context, const std::string& text) {
    return call_and_print(context, "dkim.policy.set", {{"text", text}}, [&](const json& value) {
        for (const auto& one : value["warnings"]) {
            context.out << "dkim policy:" << one["line"] << ":" << one["column"] << ": "
                        << printable(show(one, "text")) << " (warning)\n";
        }
        context.out << show(value, "entries") << " entries"
                    << (value["in_force"].get<bool>()
                            ? " in force\n"
                            : ", not in force: the setting dkim_policy_file names a file\n");
    });
}

void add_set(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "set",
                                    {"Keep a signing policy in the instance (dkimdomains syntax)",
                                     "bulla dkim policy set dkimdomains"});
    const auto path = std::make_shared<std::string>();
    command.add_option("FILE", *path, "The file; - is standard input")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, path]() -> Result<ExitCode> {
        BULLA_TRY(text, read_policy_text(context, *path));
        if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
            return fail(
                "policy.empty",
                Fault::sender,
                "there is nothing in " + *path + ": `bulla dkim policy clear` removes the policy");
        }
        // Told with the name of the file, before the daemon is asked.
        if (const auto read = policy::read_dkimdomains(text, *path); !read) {
            return fail("policy.bad", Fault::sender, read.error().text);
        }
        return set_policy(context, text);
    });
}

void add_clear(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "clear",
        {"Remove the instance's own signing policy: the keys of each domain decide then",
         "bulla dkim policy clear"});
    add_instance_options(command, context);
    set_action(command, context, [&context] { return set_policy(context, ""); });
}

}  // namespace

void add_dkim_policy_commands(CLI::App& dkim, Context& context) {
    CLI::App& group = add_group(
        dkim, "policy", {"Who signs what: dkimdomains", "bulla dkim policy show joe@example.com"});
    add_show(group, context);
    add_check(group, context);
    add_policy_sign(group, context);
    add_get(group, context);
    add_set(group, context);
    add_clear(group, context);
}

}  // namespace bulla::cli

#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"

#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace bulla::cli {
namespace {

using nlohmann::json;

struct AccessOptions {
    std::string login{};
    std::string id{};
    std::string name{};
    std::string code{};
    std::vector<std::string> scopes{};
    std::int64_t days = 365;
};

json by_login(const AccessOptions& options) {
    return options.login.empty() ? json::object() : json{{"login", options.login}};
}

void add_session_list(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group, "list", {"List who is logged in to the console", "bulla session list --json"});
    const auto options = std::make_shared<AccessOptions>();
    command.add_option("--login", options->login, "Of this account alone");
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(context, "session.list", by_login(*options), [&](const json& value) {
            Table table({"SESSION", "LOGIN", "FROM", "BEGUN", "LAST SEEN", "ENDS", "PROGRAM"});
            for (const auto& session : value) {
                table.add({show(session, "id"),
                           show(session, "login"),
                           show(session, "address"),
                           show_time(session["created"]),
                           show_time(session["last_seen"]),
                           show_time(session["expires"]),
                           show(session, "user_agent")});
            }
            table.print(context.out, "nobody is logged in");
        });
    });
}

void add_session_revoke(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "revoke",
                    {"End a session, or all of an account",
                     "bulla session revoke 1f2e3d4c5b6a7988\n  bulla session revoke "
                     "--login ann@example.org"});
    const auto options = std::make_shared<AccessOptions>();
    CLI::Option* id = command.add_option("SESSION", options->id, "The session");
    command.add_option("--login", options->login, "All of this account")->excludes(id);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        const json arguments = options->id.empty() ? by_login(*options) : json{{"id", options->id}};
        return call_and_print(context, "session.revoke", arguments, [&](const json& value) {
            context.out << show(value, "revoked") << " sessions ended\n";
        });
    });
}

void add_token_create(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "create",
                                    {"Make an API token for an account; it is shown this once",
                                     "bulla token create admin backup --scope read --days 90"});
    const auto options = std::make_shared<AccessOptions>();
    command.add_option("LOGIN", options->login, "The account whose rights it has")->required();
    command.add_option("NAME", options->name, "What it is for")->required();
    command
        .add_option("--scope",
                    options->scopes,
                    "read, a call such as queue.list, or the start of several such as queue.; may "
                    "be repeated [all that the account may]")
        ->allow_extra_args(false);
    command.add_option("--days", options->days, "It ends after so many days; 0: never")
        ->check(CLI::Range(0, 3650))
        ->capture_default_str();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        json arguments = {
            {"login", options->login}, {"name", options->name}, {"days", options->days}};
        if (!options->scopes.empty()) {
            arguments["scopes"] = options->scopes;
        }
        return call_and_print(context, "token.create", arguments, [&](const json& value) {
            context.out << "token " << show(value, "id") << " (shown this once):\n"
                        << show(value, "token") << '\n';
        });
    });
}

void add_token_list(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group, "list", {"List the API tokens", "bulla token list --json"});
    const auto options = std::make_shared<AccessOptions>();
    command.add_option("--login", options->login, "Of this account alone");
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(context, "token.list", by_login(*options), [&](const json& value) {
            Table table({"TOKEN", "LOGIN", "NAME", "SCOPES", "SINCE", "LAST USED", "ENDS"});
            for (const auto& token : value) {
                std::string scopes;
                for (const auto& scope : token["scopes"]) {
                    scopes += (scopes.empty() ? "" : " ") + scope.get<std::string>();
                }
                table.add({show(token, "id"),
                           show(token, "login"),
                           show(token, "name"),
                           scopes,
                           show_time(token["created"]),
                           show_time(token["last_used"]),
                           show_time(token["expires"])});
            }
            table.print(context.out, "there are no tokens");
        });
    });
}

void add_token_revoke(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group, "revoke", {"Make a token worthless", "bulla token revoke 1f2e3d4c5b6a7988"});
    const auto options = std::make_shared<AccessOptions>();
    command.add_option("TOKEN", options->id, "The token, as `bulla token list` names it")
        ->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context, "token.revoke", {{"id", options->id}}, [&](const json& value) {
                context.out << "token " << show(value, "id") << " is revoked\n";
            });
    });
}

void add_totp_enroll(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "enroll",
                                    {"Make a second factor; it is asked for once it is confirmed",
                                     "bulla account totp enroll ann@example.org"});
    const auto options = std::make_shared<AccessOptions>();
    command.add_option("LOGIN", options->login, "The account")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(context, "totp.enroll", by_login(*options), [&](const json& value) {
            context.out << "secret for the authenticator program (shown this once): "
                        << show(value, "secret") << "\nor as an address: " << show(value, "uri")
                        << "\nThen: bulla account totp confirm " << printable(show(value, "login"))
                        << " CODE\n";
        });
    });
}

void add_totp_confirm(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "confirm",
                    {"Put the second factor in force, with a code that the program shows",
                     "bulla account totp confirm ann@example.org 123456"});
    const auto options = std::make_shared<AccessOptions>();
    command.add_option("LOGIN", options->login, "The account")->required();
    command.add_option("CODE", options->code, "The six digits")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(context,
                              "totp.confirm",
                              {{"login", options->login}, {"code", options->code}},
                              [&](const json& value) {
                                  context.out << show(value, "login")
                                              << " logs in with a second factor from now on\n";
                              });
    });
}

void add_totp_disable(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "disable",
                    {"Take the second factor away", "bulla account totp disable ann@example.org"});
    const auto options = std::make_shared<AccessOptions>();
    command.add_option("LOGIN", options->login, "The account")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(context, "totp.disable", by_login(*options), [&](const json& value) {
            context.out << show(value, "login") << " logs in with the password alone\n";
        });
    });
}

}  // namespace

void add_session_commands(CLI::App& root, Context& context) {
    CLI::App& group =
        add_group(root, "session", {"Who is logged in to the console", "bulla session list"});
    add_session_list(group, context);
    add_session_revoke(group, context);
}

void add_token_commands(CLI::App& root, Context& context) {
    CLI::App& group = add_group(
        root, "token", {"API tokens of programs", "bulla token create admin backup --scope read"});
    add_token_create(group, context);
    add_token_list(group, context);
    add_token_revoke(group, context);
}

void add_totp_commands(CLI::App& account, Context& context) {
    CLI::App& group =
        add_group(account,
                  "totp",
                  {"The second factor of an account: codes of an authenticator program",
                   "bulla account totp enroll ann@example.org"});
    add_totp_enroll(group, context);
    add_totp_confirm(group, context);
    add_totp_disable(group, context);
}

}  // namespace bulla::cli

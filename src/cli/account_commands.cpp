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

struct AccountOptions {
    std::string login{};
    std::string new_login{};
    std::string address{};
    std::vector<std::string> domains{};
    std::string role = "user";
    std::string password_file{};
    bool password_stdin = false;
    bool one_time = false;
    bool enable = false;
};

void add_password_options(CLI::App& command, AccountOptions& options) {
    CLI::Option* from_stdin =
        command.add_flag("--password-stdin",
                         options.password_stdin,
                         "Read the password from standard input (its first line)");
    CLI::Option* from_file = command
                                 .add_option("--password-file",
                                             options.password_file,
                                             "Read it from a file that only its owner can read")
                                 ->type_name("FILE");
    CLI::Option* one_time =
        command.add_flag("--one-time",
                         options.one_time,
                         "Make a password for one use and print it; it must be changed");
    from_stdin->excludes(from_file)->excludes(one_time);
    from_file->excludes(one_time);
}

void add_domains_option(CLI::App& command, AccountOptions& options) {
    command
        .add_option(
            "--domain",
            options.domains,
            "A domain that a domain_admin administers; may be repeated [that of its address]")
        ->allow_extra_args(false);
}

/// Puts the password into `arguments`, unless one is to be made.
Result<void> take_password(Context& context, const AccountOptions& options, json& arguments) {
    if (options.one_time) {
        return {};
    }
    BULLA_TRY(password,
              read_secret(context,
                          {.prompt = "Password of " + options.login,
                           .from_stdin = options.password_stdin,
                           .file = options.password_file,
                           .confirm = true}));
    arguments["password"] = password;
    return {};
}

void print_password(const Context& context, const json& value) {
    if (value.contains("one_time_password")) {
        context.out << "one-time password (shown this once): " << show(value, "one_time_password")
                    << '\n';
    }
}

/// What a change took from who had been let in before it.
void print_ended(const Context& context, const json& value) {
    const auto sessions = value.value("sessions_ended", 0);
    const auto tokens = value.value("tokens_revoked", 0);
    if (sessions + tokens > 0) {
        context.out << "sessions ended: " << sessions << ", API tokens revoked: " << tokens << '\n';
    }
}

void add_add(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "add",
        {"Make an account", "bulla account add ann@example.org --password-stdin < password"});
    const auto options = std::make_shared<AccountOptions>();
    command.add_option("ADDRESS", options->address, "The account's address")->required();
    command.add_option(
        "--login", options->login, "The name to log in with, if it is not the address");
    command.add_option("--role", options->role, "user, domain_admin, admin or auditor")
        ->capture_default_str();
    add_domains_option(command, *options);
    add_password_options(command, *options);
    add_instance_options(command, context);
    set_action(command, context, [&context, options]() -> Result<ExitCode> {
        options->login = options->login.empty() ? options->address : options->login;
        json arguments = {{"address", options->address},
                          {"login", options->login},
                          {"role", options->role},
                          {"domains", options->domains}};
        BULLA_CHECK(take_password(context, *options, arguments));
        return call_and_print(context, "account.add", arguments, [&](const json& value) {
            context.out << "added " << show(value, "login") << " <" << show(value, "address")
                        << ">, " << show(value, "role") << '\n';
            print_password(context, value);
        });
    });
}

void add_passwd(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "passwd",
                                    {"Set an account's password; its sessions and API tokens end",
                                     "bulla account passwd ann@example.org"});
    const auto options = std::make_shared<AccountOptions>();
    command.add_option("LOGIN", options->login, "The account")->required();
    add_password_options(command, *options);
    add_instance_options(command, context);
    set_action(command, context, [&context, options]() -> Result<ExitCode> {
        json arguments = {{"login", options->login}};
        BULLA_CHECK(take_password(context, *options, arguments));
        return call_and_print(context, "account.passwd", arguments, [&](const json& value) {
            context.out << "the password of " << show(value, "login") << " is set\n";
            print_ended(context, value);
            print_password(context, value);
        });
    });
}

void add_role(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "role",
                    {"Give an account another role; its sessions and API tokens end",
                     "bulla account role ann@example.org auditor"});
    const auto options = std::make_shared<AccountOptions>();
    command.add_option("LOGIN", options->login, "The account")->required();
    command.add_option("ROLE", options->role, "user, domain_admin, admin or auditor")->required();
    add_domains_option(command, *options);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context,
            "account.role",
            {{"login", options->login}, {"role", options->role}, {"domains", options->domains}},
            [&](const json& value) {
                context.out << show(value, "login") << " is now " << show(value, "role") << '\n';
                print_ended(context, value);
            });
    });
}

/// `disable` and `enable`.
void add_switch(CLI::App& group, Context& context, bool disable) {
    CLI::App& command = add_command(
        group,
        disable ? "disable" : "enable",
        disable
            ? CommandHelp{"Let an account log in no more; its sessions and API tokens end",
                          "bulla account disable ann@example.org"}
            : CommandHelp{"Let an account log in again", "bulla account enable ann@example.org"});
    const auto options = std::make_shared<AccountOptions>();
    command.add_option("LOGIN", options->login, "The account")->required();
    if (disable) {
        command.add_flag("--undo", options->enable, "Let it log in again");
    }
    add_instance_options(command, context);
    set_action(command, context, [&context, options, disable] {
        return call_and_print(
            context,
            "account.disable",
            {{"login", options->login}, {"disabled", disable && !options->enable}},
            [&](const json& value) {
                context.out << show(value, "login")
                            << (value.value("disabled", true) ? " is disabled\n" : " is enabled\n");
                print_ended(context, value);
            });
    });
}

void add_address(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "address",
        {"Give an account another address", "bulla account address ann anna@example.org"});
    const auto options = std::make_shared<AccountOptions>();
    command.add_option("LOGIN", options->login, "The account")->required();
    command.add_option("ADDRESS", options->address, "Its new address")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(context,
                              "account.address",
                              {{"login", options->login}, {"address", options->address}},
                              [&](const json& value) {
                                  context.out << show(value, "login") << " has the address "
                                              << show(value, "address") << " now\n";
                              });
    });
}

void add_rename(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "rename",
        {"Give an account another name to log in with", "bulla account rename ann anna"});
    const auto options = std::make_shared<AccountOptions>();
    command.add_option("LOGIN", options->login, "The account")->required();
    command.add_option("NEW", options->new_login, "Its new name")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(context,
                              "account.rename",
                              {{"login", options->login}, {"new_login", options->new_login}},
                              [&](const json& value) {
                                  context.out << options->login << " logs in as "
                                              << show(value, "login") << " now\n";
                              });
    });
}

void add_remove(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "remove",
        {"Remove an account; archived mail stays", "bulla account remove ann@example.org"});
    const auto options = std::make_shared<AccountOptions>();
    command.add_option("LOGIN", options->login, "The account")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context, "account.remove", {{"login", options->login}}, [&](const json& value) {
                context.out << "removed " << show(value, "login") << '\n';
            });
    });
}

void add_list(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group, "list", {"List the accounts", "bulla account list --json"});
    add_instance_options(command, context);
    set_action(command, context, [&context] {
        return call_and_print(context, "account.list", json::object(), [&](const json& value) {
            Table table({"LOGIN",
                         "ADDRESS",
                         "ROLE",
                         "DISABLED",
                         "ONE-TIME PASSWORD",
                         "SECOND FACTOR",
                         "SINCE",
                         "LAST IN CONSOLE"});
            for (const auto& account : value) {
                table.add({show(account, "login"),
                           show(account, "address"),
                           show(account, "role"),
                           show_flag(account["disabled"]),
                           show_flag(account["one_time_password"]),
                           show_flag(account["totp"]),
                           show_time(account["created"]),
                           show_time(account["last_login"])});
            }
            table.print(context.out, "there are no accounts");
        });
    });
}

}  // namespace

void add_account_commands(CLI::App& root, Context& context) {
    CLI::App& group =
        add_group(root, "account", {"Who may log in", "bulla account add ann@example.org"});
    add_add(group, context);
    add_passwd(group, context);
    add_role(group, context);
    add_switch(group, context, true);
    add_switch(group, context, false);
    add_address(group, context);
    add_rename(group, context);
    add_remove(group, context);
    add_totp_commands(group, context);
    add_list(group, context);
}

}  // namespace bulla::cli

#include "base/file.h"
#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "pkcs11/token_key.h"

#include <CLI/Error.hpp>
#include <array>
#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

using nlohmann::json;

struct KeyOptions {
    std::string domain{};
    std::string selector{};
    std::string type = "rsa";
    std::int64_t bits = 0;
    std::string key_file{};
    bool inactive = false;
    bool undo = false;
    bool now = false;
};

void add_name_options(CLI::App& command, KeyOptions& options) {
    command.add_option("DOMAIN", options.domain, "A domain of the instance")->required();
    command.add_option("SELECTOR", options.selector, "The key's selector")->required();
}

bool has_publisher(const json& key) {
    return !key["publication"].is_null();
}

/// Says what came of each key, but for --json, which prints elsewhere; negative if one failed.
ExitCode print_publications(const Context& context, const json& value) {
    auto code = ExitCode::ok;
    for (const auto& one : value) {
        const auto state = show(one, "state");
        code = state == "failed" ? ExitCode::negative : code;
        if (context.json) {
            continue;
        }
        if (state == "failed") {
            context.out << "FAILED " << show(one, "name") << " at " << show(one, "server") << ": "
                        << printable(show(one, "error")) << '\n';
        } else {
            context.out << (state == "already" ? "as it should be already: " : state + " ")
                        << show(one, "name") << " at " << show(one, "server") << '\n';
        }
    }
    return code;
}

Result<ExitCode> call_publisher(const Context& context,
                                const char* name,
                                const KeyOptions& options) {
    json arguments = {{"domain", options.domain}};
    if (!options.selector.empty()) {
        arguments["selector"] = options.selector;
    }
    BULLA_TRY(value, call(context, name, arguments));
    if (context.json) {
        print_json(context.out, value);
    }
    return print_publications(context, value);
}

/// Publishes what a call has just made, where a name server is set; the call is done, whatever comes of it.
Result<ExitCode> publish(const Context& context, const json& arguments) {
    BULLA_TRY(value, call(context, "dkim.publish", arguments));
    return print_publications(context, value);
}

void print_record(const Context& context, const json& value) {
    const json& record = value["record"];
    context.out << show(value, "algorithm") << " key " << show(value, "selector") << " of "
                << show(value, "domain")
                << (has_publisher(value)
                        ? (value.value("active", false) ? " signs from now on; its record:\n"
                                                        : " waits; its record:\n")
                    : value.value("active", false)
                        ? " signs from now on; publish this now:\n"
                        : " waits: publish this, then `bulla dkim activate` it:\n")
                << show(record, "zone_line") << '\n';
}

void print_keys(const Context& context, const json& keys) {
    Table table({"DOMAIN", "SELECTOR", "TYPE", "BITS", "STAGE", "SINCE", "DNS"});
    for (const auto& key : keys) {
        table.add({show(key, "domain"),
                   show(key, "selector"),
                   show(key, "algorithm"),
                   show(key, "bits"),
                   show(key, "stage"),
                   show_time(key["since"]),
                   show(key, "sight")});
    }
    table.print(context.out, "there are no DKIM keys");
    for (const auto& key : keys) {
        if (!key["token"].is_null()) {
            context.out << show(key, "selector") << " of " << show(key, "domain")
                        << " lies in a token: " << show(key, "token") << '\n';
        }
        if (has_publisher(key) && !key["publication"]["error"].is_null()) {
            context.out << show(key, "selector") << " of " << show(key, "domain")
                        << " could not be published: "
                        << printable(show(key["publication"], "error")) << '\n';
        }
        if (key["rotation_due"] == true) {
            context.out << show(key, "selector") << " of " << show(key, "domain")
                        << " has signed for 90 days: `bulla dkim rotate " << show(key, "domain")
                        << "` follows it up\n";
        }
    }
}

Result<ExitCode> add_key(const Context& context, const KeyOptions& options, json arguments) {
    arguments["domain"] = options.domain;
    arguments["selector"] = options.selector;
    if (options.inactive) {
        arguments["active"] = false;
    }
    BULLA_TRY(value, call(context, "dkim.add", arguments));
    if (context.json) {
        print_json(context.out, value);
    } else {
        print_record(context, value);
    }
    return has_publisher(value)
               ? publish(context, {{"domain", options.domain}, {"selector", options.selector}})
               : Result<ExitCode>(ExitCode::ok);
}

void add_add(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "add",
                                    {"Make a key for a domain and print its DNS record",
                                     "bulla dkim add example.org s2026 -t rsa -b 2048"});
    const auto options = std::make_shared<KeyOptions>();
    add_name_options(command, *options);
    command.add_option("-t,--type", options->type, "rsa or ed25519")->capture_default_str();
    command.add_option("-b,--bits", options->bits, "rsa: 2048 to 4096 [2048]");
    command.add_flag(
        "--inactive",
        options->inactive,
        "Do not sign with it yet; so it is also when another key of its type signs already");
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return add_key(context, *options, {{"type", options->type}, {"bits", options->bits}});
    });
}

void add_import(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "import",
                                    {"Take over a private key that a domain has already, or all "
                                     "that another signer has",
                                     "bulla dkim import example.org s2026 private.pem\n  "
                                     "bulla dkim import opendkim /etc/opendkim.conf"});
    const auto options = std::make_shared<KeyOptions>();
    // Not required of CLI11, which would take the name of a command below for DOMAIN.
    const std::array needed{
        command.add_option("DOMAIN", options->domain, "A domain of the instance"),
        command.add_option("SELECTOR", options->selector, "The key's selector"),
        command.add_option("KEY",
                           options->key_file,
                           "A file with the private key (PEM), readable by its owner alone; or the "
                           "pkcs11: URI of a key in a token, where it stays")};
    command.add_flag("--inactive", options->inactive, "Do not sign with it yet");
    add_instance_options(command, context);
    add_dkim_import_commands(command, context);
    const auto import_key = [&context, options]() -> Result<ExitCode> {
        if (pkcs11::is_token_uri(options->key_file)) {
            return add_key(context, *options, {{"token", options->key_file}});
        }
        BULLA_TRY(pem, load_secret_file(options->key_file, 65536, FileAccess::owner_only));
        return add_key(context, *options, {{"private_key", pem.view()}});
    };
    command.callback([&context, &command, needed, import_key] {
        // CLI11 calls this after that of a command below, whose action it must not take away.
        if (!command.get_subcommands().empty()) {
            return;
        }
        for (const CLI::Option* option : needed) {
            if (option->count() == 0) {
                throw CLI::RequiredError(option->get_name());
            }
        }
        context.action = import_key;
    });
}

void add_activate(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "activate",
                                    {"Sign with this key, and no more with another of its type",
                                     "bulla dkim activate example.org s2027"});
    const auto options = std::make_shared<KeyOptions>();
    add_name_options(command, *options);
    command.add_flag("--undo", options->undo, "Sign with it no more");
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        const json arguments = {{"domain", options->domain},
                                {"selector", options->selector},
                                {"active", !options->undo}};
        return call_and_print(context, "dkim.activate", arguments, [&](const json& value) {
            context.out << show(value, "selector") << " of " << show(value, "domain")
                        << (value.value("active", false) ? " signs\n" : " signs no more\n");
        });
    });
}

void add_remove(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group, "remove", {"Delete a key for good", "bulla dkim remove example.org s2025"});
    const auto options = std::make_shared<KeyOptions>();
    add_name_options(command, *options);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context,
            "dkim.remove",
            {{"domain", options->domain}, {"selector", options->selector}},
            [&](const json& value) {
                context.out
                    << "removed " << show(value, "selector") << " of " << show(value, "domain")
                    << "; leave its record in DNS until mail signed with it has arrived (a week)\n";
            });
    });
}

void add_list(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group, "list", {"List the keys that the instance signs with", "bulla dkim list --json"});
    const auto options = std::make_shared<KeyOptions>();
    command.add_option("DOMAIN", options->domain, "Only this domain's");
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context, "dkim.list", {{"domain", options->domain}}, [&](const json& value) {
                print_keys(context, value);
            });
    });
}

void print_records(const Context& context, const json& keys) {
    for (const auto& key : keys) {
        // What is seen as it should be needs nobody.
        if (!has_publisher(key) && key["sight"] != "exact" && key["stage"] != "retired" &&
            key["stage"] != "retiring") {
            context.out << "publish: " << show(key["record"], "zone_line") << '\n';
        }
    }
}

void add_check(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "check",
                    {"Ask the DNS for the keys' records; what waited and is seen signs",
                     "bulla dkim check example.org"});
    const auto options = std::make_shared<KeyOptions>();
    command.add_option("DOMAIN", options->domain, "Only this domain's");
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context, "dkim.check", {{"domain", options->domain}}, [&](const json& value) {
                print_keys(context, value);
            });
    });
}

void add_test(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "test",
                    {"Sign a message that nobody sends, and verify it with what the DNS serves now",
                     "bulla dkim test example.org s2026"});
    const auto options = std::make_shared<KeyOptions>();
    add_name_options(command, *options);
    add_instance_options(command, context);
    set_action(command, context, [&context, options]() -> Result<ExitCode> {
        BULLA_TRY(value,
                  call(context,
                       "dkim.test",
                       {{"domain", options->domain}, {"selector", options->selector}}));
        if (context.json) {
            print_json(context.out, value);
        } else {
            const auto detail = show(value, "detail");
            context.out << "with our public key: " << show(value, "self")
                        << "\nwith what the DNS serves: " << show(value, "result")
                        << (detail.empty() ? "" : " (" + printable(detail) + ")") << '\n';
        }
        const bool passed = value["self"] == "pass" && value["result"] == "pass";
        return passed ? ExitCode::ok : ExitCode::negative;
    });
}

void add_rotate(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "rotate",
                    {"Make new keys for a domain; they sign when the DNS shows them all",
                     "bulla dkim rotate example.org"});
    const auto options = std::make_shared<KeyOptions>();
    command.add_option("DOMAIN", options->domain, "A domain of the instance")->required();
    command.add_flag("--now",
                     options->now,
                     "Compromised: sign with new keys at once; destroy and revoke the old ones");
    add_instance_options(command, context);
    set_action(command, context, [&context, options]() -> Result<ExitCode> {
        BULLA_TRY(
            value,
            call(context, "dkim.rotate", {{"domain", options->domain}, {"now", options->now}}));
        if (context.json) {
            print_json(context.out, value);
        } else {
            print_keys(context, value);
            print_records(context, value);
        }
        return !value.empty() && has_publisher(value[0])
                   ? publish(context, {{"domain", options->domain}})
                   : Result<ExitCode>(ExitCode::ok);
    });
}

void add_publish(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "publish",
                    {"Publish the records of a domain's keys at its name server (RFC 2136); the "
                     "settings dkim_update_* say where",
                     "bulla dkim publish example.org s2026"});
    const auto options = std::make_shared<KeyOptions>();
    command.add_option("DOMAIN", options->domain, "A domain of the instance")->required();
    command.add_option("SELECTOR", options->selector, "Only this key's");
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_publisher(context, "dkim.publish", *options);
    });
}

void add_withdraw(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "withdraw",
        {"Remove the record of a key from the name server, if it is what bulla published there",
         "bulla dkim withdraw example.org s2025"});
    const auto options = std::make_shared<KeyOptions>();
    add_name_options(command, *options);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_publisher(context, "dkim.withdraw", *options);
    });
}

}  // namespace

CLI::App& add_dkim_commands(CLI::App& root, Context& context) {
    CLI::App& group = add_group(root,
                                "dkim",
                                {"DKIM: the keys of the instance, and tools for any key",
                                 "bulla dkim add example.org s2026"});
    add_add(group, context);
    add_import(group, context);
    add_activate(group, context);
    add_remove(group, context);
    add_list(group, context);
    add_rotate(group, context);
    add_check(group, context);
    add_publish(group, context);
    add_withdraw(group, context);
    add_test(group, context);
    add_dkim_policy_commands(group, context);
    return group;
}

}  // namespace bulla::cli

#include "cli/call.h"
#include "cli/groups.h"
#include "cli/init_options.h"
#include "cli/output.h"
#include "services/init.h"

#include <map>
#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

using nlohmann::json;

void print_report(const Context& context, const services::InitReport& report) {
    if (context.json) {
        print_json(context.out,
                   {{"config", report.config_path},
                    {"passphrase_file", report.passphrase_path},
                    {"login", report.login},
                    {"one_time_password", report.one_time_password},
                    {"log_key", report.log_key}});
        return;
    }
    context.out << "configuration:     " << report.config_path
                << "\npassphrase:        " << report.passphrase_path
                << "\n                   Keep a copy away from this machine: without it nothing "
                   "can be read.\nadministrator:     "
                << report.login << "\none-time password: " << report.one_time_password
                << "   (shown this once)\nlog key:           " << report.log_key
                << "\n\nStart it with: bulla serve -c " << report.config_path << '\n';
    if (report.runs_as_root) {
        context.out
            << "The daemon will run as root (user = \"root\"); better: bulla init --user NAME.\n";
    }
}

void add_init(CLI::App& root, Context& context) {
    CLI::App& command =
        add_command(root,
                    "init",
                    {"Make an instance",
                     "bulla init /srv/bulla --domain example.org --admin postmaster@example.org"});
    const auto options = std::make_shared<InitArguments>();
    command.add_option("DIR", options->directory, "Where it is made")->capture_default_str();
    command.add_option("--domain", options->domain, "The first domain that is served")->required();
    command
        .add_option(
            "--admin", options->admin, "The first administrator's address; the login is admin")
        ->required()
        ->type_name("ADDRESS");
    command.add_option("--hostname",
                       options->hostname,
                       "The name of this machine in mail [the system's, or mail.DOMAIN]");
    command.add_option(
        "--user", options->user, "Who will run the daemon: the instance's files become theirs");
    command
        .add_option(
            "--data",
            options->data,
            "Where state, volumes and mail lie [DIR]; configuration and passphrase stay in DIR")
        ->type_name("PATH");
    command
        .add_option("--listen",
                    options->listeners,
                    "Where mail comes in instead of ports 25, 465 and 587; may be repeated")
        ->type_name("ROLE=ADDRESS:PORT[,TLS]")
        ->allow_extra_args(false);
    command
        .add_option("--maildir",
                    options->maildir,
                    "Where mail for the instance's domains goes [mail/{domain}/{local}]")
        ->type_name("PATH");
    command
        .add_option("--next-hop",
                    options->next_hop,
                    "The server that takes mail for the instance's domains, instead of a Maildir")
        ->type_name("HOST:PORT");
    command.add_option("--smarthost", options->smarthost, "The server that takes all other mail")
        ->type_name("HOST:PORT");
    command
        .add_option("--passphrase-file",
                    options->passphrase_file,
                    "Take the volume passphrase from this file (0600) instead of making one")
        ->type_name("FILE");
    add_json_option(command, context);
    set_action(command, context, [&context, options]() -> Result<ExitCode> {
        BULLA_TRY(chosen, read_init_arguments(*options));
        BULLA_TRY(report, services::init_instance(chosen, context.clock, context.random));
        print_report(context, report);
        return ExitCode::ok;
    });
}

void add_serve(CLI::App& root, Context& context) {
    CLI::App& command =
        add_command(root, "serve", {"Run the gateway", "bulla serve -c /etc/bulla/bulla.toml"});
    add_config_option(command, context);
    set_action(command, context, [&context]() -> Result<ExitCode> {
        BULLA_TRY(path, find_config(context));
        return static_cast<ExitCode>(context.serve({.config_path = path}));
    });
}

void add_status(CLI::App& root, Context& context) {
    CLI::App& command =
        add_command(root, "status", {"Say how the instance is", "bulla status --json"});
    add_instance_options(command, context);
    set_action(command, context, [&context] {
        return call_and_print(context, "status", json::object(), [&](const json& value) {
            for (const auto& [name, member] : value.items()) {
                const bool quiet =
                    member.is_object() || name == "problems" || name == "attention" ||
                    name == "certificates" ||
                    (member.is_string() && member.get_ref<const std::string&>().empty());
                if (!quiet) {
                    context.out << name << ": " << printable(show(value, name.c_str())) << '\n';
                }
            }
            for (const auto& problem : value["problems"]) {
                context.out << "problem: " << printable(problem.get<std::string>()) << '\n';
            }
            for (const auto& item : value["attention"]) {
                context.out << "attention: " << printable(show(item, "text"));
                if (item.contains("command")) {
                    context.out << " (`" << printable(show(item, "command")) << "`)";
                }
                context.out << '\n';
            }
        });
    });
}

void add_reload(CLI::App& root, Context& context) {
    CLI::App& command =
        add_command(root,
                    "reload",
                    {"Let the running daemon read bulla.toml and the database again; says which "
                     "changes wait for a restart",
                     "bulla reload"});
    add_instance_options(command, context);
    set_action(command, context, [&context] {
        return call_and_print(context, "reload", json::object(), [&](const json& value) {
            if (!value.value("running", false)) {
                context.out << "no daemon runs: it reads everything when it starts\n";
                return;
            }
            context.out << "revision " << show(value, "revision") << " is in force\n";
            for (const auto& name : value["restart_for"]) {
                context.out << "waits for a restart: " << printable(name.get<std::string>())
                            << '\n';
            }
            for (const auto& sentence : value["not_opened"]) {
                context.out << "not opened: " << printable(sentence.get<std::string>()) << '\n';
            }
            if (const auto kept = value.value("certificate_kept", ""); !kept.empty()) {
                context.out << "not followed: " << printable(kept) << '\n';
            }
        });
    });
}

void add_audit(CLI::App& root, Context& context) {
    CLI::App& command = add_command(root,
                                    "audit",
                                    {"List administrative acts, the newest first; with --action "
                                     "key. what keys were used for",
                                     "bulla audit --limit 20\n  bulla audit --action key."});
    const auto limit = std::make_shared<std::int64_t>(100);
    command.add_option("--limit", *limit, "At most so many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    const auto filter = std::make_shared<std::map<std::string, std::string>>();
    const auto add_filter = [&](const std::string& name, const char* type, const char* text) {
        command.add_option("--" + name, (*filter)[name], text)->type_name(type);
    };
    add_filter("actor", "WHO", "Only what this one did");
    add_filter("action", "TEXT", "Only actions that begin so");
    add_filter("target", "OF", "Only what was done to this");
    add_filter("cursor", "NEXT", "Go on from an answer's `next` (--json)");
    add_instance_options(command, context);
    set_action(command, context, [&context, limit, filter] {
        json arguments{{"limit", *limit}};
        for (const auto& [name, value] : *filter) {
            if (!value.empty()) {
                arguments[name] = value;
            }
        }
        return call_and_print(context, "audit.list", arguments, [&](const json& value) {
            Table table({"LEAF", "TIME", "WHO", "WHAT", "OF", "DETAIL"});
            for (const auto& entry : value["items"]) {
                table.add({show(entry, "index"),
                           show_time(entry["at"]),
                           show(entry, "actor"),
                           show(entry, "action"),
                           show(entry, "target"),
                           show(entry, "detail")});
            }
            table.print(context.out, "nothing was done yet");
        });
    });
}

void add_migrate(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "migrate",
                    {"Make all tables that are missing; changes nothing when none is",
                     "bulla database migrate"});
    add_instance_options(command, context);
    set_action(command, context, [&context]() -> Result<ExitCode> {
        BULLA_TRY(config, load_instance_config(context));
        BULLA_TRY(steps, services::migrate_database(config, context.clock));
        if (context.json) {
            print_json(context.out, {{"steps", steps}});
        } else if (steps == 0) {
            context.out << "the database is up to date\n";
        } else {
            context.out << "the database is up to date now (" << steps << " steps)\n";
        }
        return ExitCode::ok;
    });
}

void add_create_signature_table(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "create-message-signature",
                    {"Add the table message_signature to an archive database that lacks it",
                     "bulla database create-message-signature"});
    add_instance_options(command, context);
    set_action(command, context, [&context]() -> Result<ExitCode> {
        BULLA_TRY(config, load_instance_config(context));
        BULLA_TRY(made, services::create_signature_table(config));
        if (context.json) {
            print_json(context.out, {{"created", made}});
        } else {
            context.out << (made ? "the table message_signature is made\n"
                                 : "the table message_signature was there already\n");
        }
        return ExitCode::ok;
    });
}

}  // namespace

void add_instance_commands(CLI::App& root, Context& context) {
    add_init(root, context);
    add_serve(root, context);
    add_status(root, context);
    add_reload(root, context);
    add_audit(root, context);
    CLI::App& database =
        add_group(root,
                  "database",
                  {"The tables of the instance; stop the daemon first", "bulla database migrate"});
    add_migrate(database, context);
    add_create_signature_table(database, context);
}

}  // namespace bulla::cli

#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"

#include <memory>
#include <ostream>
#include <string>

namespace bulla::cli {
namespace {

using nlohmann::json;

void print_records(const Context& context, const json& domains) {
    Table table({"DOMAIN", "RECORD", "NAME", "STATE", "SEEN"});
    for (const auto& domain : domains) {
        for (const auto& record : domain["records"]) {
            std::string seen;
            for (const auto& text : record["seen"]) {
                seen += (seen.empty() ? "" : " | ") + text.get<std::string>().substr(0, 60);
            }
            table.add({show(domain, "domain"),
                       show(record, "what"),
                       show(record, "name"),
                       show(record, "state"),
                       seen.empty() ? show(record, "detail") : seen});
            if (record.contains("suggested")) {
                table.add({"", "", "", "", "publish: " + show(record, "suggested")});
            }
        }
    }
    table.print(context.out, "there are no domains");
}

void add_dns(CLI::App& root, Context& context) {
    CLI::App& group =
        add_group(root, "dns", {"What the DNS says of the instance's domains", "bulla dns check"});
    CLI::App& command =
        add_command(group,
                    "check",
                    {"Compare the DNS with what it should say: DKIM, MX, SPF, DMARC; "
                     "exit status 1 if a DKIM record is not as it should be",
                     "bulla dns check example.org"});
    const auto domain = std::make_shared<std::string>();
    command.add_option("DOMAIN", *domain, "This domain alone");
    add_instance_options(command, context);
    set_action(command, context, [&context, domain]() -> Result<ExitCode> {
        BULLA_TRY(value, call(context, "dns.check", {{"domain", *domain}}));
        bool good = true;
        for (const auto& one : value) {
            for (const auto& record : one["records"]) {
                good = good && (record["what"] != "dkim" || record["state"] == "match");
            }
        }
        if (context.json) {
            print_json(context.out, value);
        } else {
            print_records(context, value);
        }
        return good ? ExitCode::ok : ExitCode::negative;
    });
}

void print_item(const Context& context, const json& item) {
    const std::string state = show(item, "state");
    context.out << (state == "done"         ? "[x] "
                    : state == "not_needed" ? "[-] "
                    : state == "todo"       ? "[ ] "
                                            : "[!] ")
                << show(item, "title") << (state == "unknown" ? ": could not be asked: " : ": ")
                << printable(show(item, "detail")) << '\n';
    if (state == "done" || state == "not_needed" || !item.contains("action")) {
        return;
    }
    if (item.contains("record")) {
        context.out << "      " << show(item["record"], "name") << " TXT "
                    << show(item["record"], "value") << '\n';
    }
    context.out << "      " << show(item["action"], "text") << ": "
                << show(item["action"], "command") << '\n';
}

void add_checklist(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group, "list", {"Say what the instance still needs, in order", "bulla setup list"});
    add_instance_options(command, context);
    set_action(command, context, [&context] {
        return call_and_print(context, "setup.checklist", json::object(), [&](const json& value) {
            for (const auto& item : value) {
                print_item(context, item);
            }
        });
    });
}

void add_confirm(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "confirm",
                                    {"Say that something is done which bulla cannot see by itself",
                                     "bulla setup confirm passphrase_backup"});
    const auto id = std::make_shared<std::string>();
    command.add_option("ITEM", *id, "passphrase_backup")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, id] {
        return call_and_print(context, "setup.confirm", {{"id", *id}}, [&](const json& value) {
            context.out << show(value, "id") << " is confirmed\n";
        });
    });
}

}  // namespace

void add_setup_commands(CLI::App& root, Context& context) {
    add_dns(root, context);
    CLI::App& group =
        add_group(root, "setup", {"What a new instance still needs", "bulla setup list"});
    add_checklist(group, context);
    add_confirm(group, context);
}

}  // namespace bulla::cli

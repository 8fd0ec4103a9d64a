#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"

#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

using nlohmann::json;

struct QueueOptions {
    std::vector<std::string> ids{};
    std::string state{}, destination{}, route{}, message{}, address{};
    std::int64_t limit = 100;
    std::string after{};
    bool notify = false;
};

std::string join(const json& texts) {
    std::string out;
    for (const auto& text : texts) {
        out += (out.empty() ? "" : ", ") + text.get<std::string>();
    }
    return out;
}

void add_list(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "list",
        {"List deliveries that are not done", "bulla queue list --destination example.net"});
    const auto options = std::make_shared<QueueOptions>();
    command.add_option("--state", options->state, "Only these: queued or held")
        ->check(CLI::IsMember({"queued", "held"}));
    command.add_option("--destination", options->destination, "Only to this next hop");
    command.add_option("--route", options->route, "Only over this route");
    command.add_option("--message", options->message, "Only of this message")->type_name("ID");
    command.add_option(
        "--address", options->address, "Only with this in the sender's or a recipient's address");
    command.add_option("--limit", options->limit, "At most so many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command.add_option(
        "--after", options->after, "Go on behind this cursor, which the last list gave");
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        const json arguments = {{"state", options->state},
                                {"destination", options->destination},
                                {"route", options->route},
                                {"message", options->message},
                                {"address", options->address},
                                {"limit", options->limit},
                                {"cursor", options->after}};
        return call_and_print(context, "queue.list", arguments, [&](const json& value) {
            Table table({"ID",
                         "MESSAGE",
                         "STATE",
                         "FROM",
                         "TO",
                         "DESTINATION",
                         "TRIES",
                         "NEXT",
                         "LAST ERROR"});
            for (const auto& item : value["items"]) {
                table.add({show(item, "id"),
                           show(item, "message"),
                           item.value("active", false) ? "active" : show(item, "state"),
                           "<" + show(item, "from") + ">",
                           join(item["recipients"]),
                           show(item, "destination"),
                           show(item, "attempts"),
                           show_time(item["next_attempt"]),
                           show(item, "last_error")});
            }
            table.print(context.out, "the queue is empty");
            if (value.contains("next")) {
                context.out << "there is more: --after " << show(value, "next") << '\n';
            }
        });
    });
}

void add_show(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group, "show", {"Show a delivery", "bulla queue show 00A1B2C3D4E5F"});
    const auto options = std::make_shared<QueueOptions>();
    command.add_option("ID", options->ids, "The delivery")->required()->expected(1);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context, "queue.show", {{"id", options->ids.front()}}, [&](const json& item) {
                for (const char* name : {"id",
                                         "message",
                                         "state",
                                         "from",
                                         "route",
                                         "destination",
                                         "attempts",
                                         "last_error"}) {
                    context.out << name << ": " << printable(show(item, name)) << '\n';
                }
                context.out << "recipients: " << printable(join(item["recipients"])) << '\n';
                for (const char* name : {"created", "next_attempt", "expires"}) {
                    context.out << name << ": " << show_time(item[name]) << '\n';
                }
            });
    });
}

struct ActSpec {
    std::string name;
    CommandHelp help;
    const char* service;
    const char* done;
};

void add_act(CLI::App& group, Context& context, const ActSpec& spec) {
    CLI::App& command = add_command(group, spec.name, spec.help);
    const auto options = std::make_shared<QueueOptions>();
    command.add_option("ID", options->ids, "The deliveries")->required();
    const bool deletes = spec.name == "delete";
    if (deletes) {
        command.add_flag(
            "--notify", options->notify, "Tell the sender that the mail was not delivered");
    }
    add_instance_options(command, context);
    set_action(command,
               context,
               [&context, options, deletes, service = spec.service, done = spec.done]()
                   -> Result<ExitCode> {
                   json results = json::array();
                   for (const std::string& id : options->ids) {
                       json arguments = {{"id", id}};
                       if (deletes) {
                           arguments["notify"] = options->notify;
                       }
                       BULLA_TRY(value, call(context, service, arguments));
                       results.push_back(value);
                       if (!context.json) {
                           context.out << show(value, "id") << ' ' << done << '\n';
                       }
                   }
                   if (context.json) {
                       print_json(context.out, results);
                   }
                   return ExitCode::ok;
               });
}

}  // namespace

void add_queue_commands(CLI::App& root, Context& context) {
    CLI::App& group =
        add_group(root, "queue", {"Mail that is not delivered yet", "bulla queue list"});
    add_list(group, context);
    add_show(group, context);
    add_act(group,
            context,
            {"retry",
             {"Try deliveries now", "bulla queue retry 00A1B2C3D4E5F"},
             "queue.retry",
             "is tried now"});
    add_act(group,
            context,
            {"hold",
             {"Try deliveries no more until they are released", "bulla queue hold 00A1B2C3D4E5F"},
             "queue.hold",
             "is held"});
    add_act(group,
            context,
            {"release",
             {"Try held deliveries again", "bulla queue release 00A1B2C3D4E5F"},
             "queue.release",
             "is released"});
    add_act(group,
            context,
            {"delete",
             {"Give deliveries up", "bulla queue delete 00A1B2C3D4E5F --notify"},
             "queue.delete",
             "is deleted"});
}

}  // namespace bulla::cli

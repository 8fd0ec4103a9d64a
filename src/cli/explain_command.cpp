#include "cli/call.h"
#include "cli/dkim_tool_io.h"
#include "cli/groups.h"
#include "cli/output.h"

#include <algorithm>
#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

using nlohmann::json;

struct ExplainOptions {
    std::string role = "submission";
    std::string login{};
    std::string from{};
    std::vector<std::string> to{};
    std::string ip{};
    std::string helo{};
};

void print_added(std::ostream& out, const std::string& added) {
    for (std::size_t begin = 0; begin < added.size();) {
        const auto end = std::min(added.find('\n', begin), added.size());
        auto line = added.substr(begin, end - begin);
        std::erase(line, '\r');
        std::ranges::replace(line, '\t', ' ');
        out << "      + " << printable(line) << '\n';
        begin = end + 1;
    }
}

void print_stage(std::ostream& out, const json& stage) {
    out << "  " << show(stage, "name");
    if (stage.value("outcome", "") == "refused") {
        out << ": refused here";
    } else if (stage.value("outcome", "") == "skipped") {
        out << " (would follow)";
    }
    out << '\n';
    for (const auto& fact : stage["facts"]) {
        out << "      " << printable(show(fact, "name")) << ": " << printable(show(fact, "value"))
            << '\n';
    }
    for (const auto& copy : stage.value("copies", json::array())) {
        print_added(out, copy.value("added", ""));
    }
}

void print_explanation(std::ostream& out, const json& value) {
    out << printable(show(value, "reply")) << "\n\n";
    for (const auto& stage : value["stages"]) {
        print_stage(out, stage);
    }
    out << "\nNothing was sent or kept.\n";
}

Result<ExitCode> explain(Context& context, const ExplainOptions& options) {
    BULLA_TRY(input, read_message(context));
    const auto bytes = input.message.bytes();
    json arguments{{"octets", json::binary({bytes.begin(), bytes.end()})}, {"role", options.role}};
    const auto add = [&](const char* name, const std::string& text) {
        if (!text.empty()) {
            arguments[name] = text;
        }
    };
    add("login", options.login);
    add("from", options.from);
    add("ip", options.ip);
    add("helo", options.helo);
    if (!options.to.empty()) {
        arguments["to"] = options.to;
    }
    BULLA_TRY(value, call(context, "explain", arguments));
    if (context.json) {
        print_json(context.out, value);
    } else {
        print_explanation(context.out, value);
    }
    return value.value("accepted", false) ? ExitCode::ok : ExitCode::negative;
}

}  // namespace

void add_explain_command(CLI::App& root, Context& context) {
    CLI::App& command =
        add_command(root,
                    "explain",
                    {"Say what would be done with a message, stage by stage, without sending it",
                     "bulla explain --login alice@example.org --to bob@example.net < message.eml"});
    const auto options = std::make_shared<ExplainOptions>();
    command.add_option("--role", options->role, "submission, relay, inbound or filter")
        ->capture_default_str();
    command.add_option("--login", options->login, "Who is logged in");
    command.add_option("--from", options->from, "Envelope sender [the author]");
    command.add_option("--to", options->to, "Envelope recipients [those of the header]");
    command.add_option("--ip", options->ip, "Address of the client [127.0.0.1]");
    command.add_option("--helo", options->helo, "What the client calls itself");
    add_instance_options(command, context);
    set_action(command, context, [&context, options] { return explain(context, *options); });
}

}  // namespace bulla::cli

#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"

#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

using nlohmann::json;

struct GroupOptions {
    std::string name{};
    std::string archiving{};
    std::string signer{};
    std::string pattern{};
    std::vector<std::string> members{};
    bool no_signer = false;
};

std::string join(const json& texts) {
    std::string out;
    for (const auto& text : texts) {
        out += (out.empty() ? "" : ", ") + text.get<std::string>();
    }
    return out;
}

void print_warning(const Context& context, const json& group) {
    if (group.contains("warning")) {
        context.err << "warning: " << printable(show(group, "warning")) << '\n';
    }
}

CLI::Option* add_archiving_option(CLI::App& command, GroupOptions& options) {
    return command
        .add_option("--archiving", options.archiving, "Keep this group's mail: on or off")
        ->check(CLI::IsMember({"on", "off"}));
}

void add_add(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "add",
                                    {"Make a group whose mail is archived",
                                     "bulla group add all --member '*' --archival-signer archive"});
    const auto options = std::make_shared<GroupOptions>();
    command.add_option("NAME", options->name, "The group")->required();
    add_archiving_option(command, *options);
    command
        .add_option("--archival-signer",
                    options->signer,
                    "The signer that signs each message; without one they are stored unsigned")
        ->type_name("ID");
    command
        .add_option("--member",
                    options->members,
                    "Address, domain, or either with * and ?; may be repeated")
        ->type_name("PATTERN")
        ->allow_extra_args(false);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        const json arguments = {{"name", options->name},
                                {"archiving", options->archiving != "off"},
                                {"archival_signer", options->signer},
                                {"members", options->members}};
        return call_and_print(context, "group.add", arguments, [&](const json& value) {
            context.out << "added " << show(value, "name") << '\n';
            print_warning(context, value);
        });
    });
}

void add_set(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "set",
                                    {"Change what happens to a group's mail",
                                     "bulla group set all --archival-signer archive2027"});
    const auto options = std::make_shared<GroupOptions>();
    command.add_option("NAME", options->name, "The group")->required();
    add_archiving_option(command, *options);
    CLI::Option* signer =
        command
            .add_option("--archival-signer", options->signer, "The signer that signs each message")
            ->type_name("ID");
    command.add_flag("--no-archival-signer", options->no_signer, "Store unsigned")
        ->excludes(signer);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        json arguments = {{"name", options->name}};
        if (!options->archiving.empty()) {
            arguments["archiving"] = options->archiving == "on";
        }
        if (options->no_signer || !options->signer.empty()) {
            arguments["archival_signer"] = options->signer;
        }
        return call_and_print(context, "group.set", arguments, [&](const json& value) {
            context.out << show(value, "name") << " is changed\n";
            print_warning(context, value);
        });
    });
}

void add_remove(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group, "remove", {"Remove a group; what is archived stays", "bulla group remove sales"});
    const auto options = std::make_shared<GroupOptions>();
    command.add_option("NAME", options->name, "The group")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context, "group.remove", {{"name", options->name}}, [&](const json& value) {
                context.out << "removed " << show(value, "name") << '\n';
            });
    });
}

void add_list(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group, "list", {"List the groups", "bulla group list --json"});
    add_instance_options(command, context);
    set_action(command, context, [&context] {
        return call_and_print(context, "group.list", json::object(), [&](const json& value) {
            Table table({"GROUP", "ARCHIVING", "SIGNER", "MEMBERS"});
            for (const auto& one : value) {
                table.add(
                    {show(one, "name"),
                     show_flag(one["archiving"]),
                     one.value("archival_signer", "").empty() ? "-" : show(one, "archival_signer"),
                     join(one["members"])});
            }
            table.print(context.out, "there are no groups: nothing is archived");
            for (const auto& one : value) {
                print_warning(context, one);
            }
        });
    });
}

void add_member(CLI::App& parent,
                Context& context,
                const std::string& name,
                const CommandHelp& help,
                const char* service) {
    CLI::App& command = add_command(parent, name, help);
    const auto options = std::make_shared<GroupOptions>();
    command.add_option("NAME", options->name, "The group")->required();
    command.add_option("PATTERN", options->pattern, "Address, domain, or either with * and ?")
        ->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options, service] {
        return call_and_print(context,
                              service,
                              {{"name", options->name}, {"pattern", options->pattern}},
                              [&](const json& value) {
                                  context.out << show(value, "name") << ": "
                                              << printable(show(value, "pattern")) << '\n';
                              });
    });
}

}  // namespace

void add_group_commands(CLI::App& root, Context& context) {
    CLI::App& group = add_group(root,
                                "group",
                                {"Whose mail is archived, and who signs it",
                                 "bulla group add all --member '*' --archival-signer archive"});
    add_add(group, context);
    add_set(group, context);
    add_remove(group, context);
    add_list(group, context);
    CLI::App& member =
        add_group(group,
                  "member",
                  {"Who belongs to a group", "bulla group member add sales '*@sales.example.org'"});
    add_member(member,
               context,
               "add",
               {"Add an address, domain or pattern to a group",
                "bulla group member add sales '*@sales.example.org'"},
               "group.member.add");
    add_member(member,
               context,
               "remove",
               {"Remove one from a group", "bulla group member remove sales example.org"},
               "group.member.remove");
}

}  // namespace bulla::cli

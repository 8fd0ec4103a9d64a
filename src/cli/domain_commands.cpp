#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"

#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

struct DomainOptions {
    std::string name{};
    bool force = false;
};

void add_add(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group, "add", {"Serve a domain", "bulla domain add example.org"});
    const auto options = std::make_shared<DomainOptions>();
    command.add_option("NAME", options->name, "The domain")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context, "domain.add", {{"name", options->name}}, [&](const nlohmann::json& value) {
                context.out << "added " << show(value, "name") << "; next: bulla dkim add "
                            << show(value, "name") << " SELECTOR\n";
            });
    });
}

void add_list(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group, "list", {"List the domains that are served", "bulla domain list --json"});
    add_instance_options(command, context);
    set_action(command, context, [&context] {
        return call_and_print(
            context, "domain.list", nlohmann::json::object(), [&](const nlohmann::json& value) {
                Table table({"DOMAIN", "DISABLED", "ACCOUNTS", "DKIM KEYS", "SINCE"});
                for (const auto& domain : value) {
                    table.add({show(domain, "name"),
                               show_flag(domain["disabled"]),
                               show(domain, "accounts"),
                               show(domain, "dkim_keys"),
                               show_time(domain["created"])});
                }
                table.print(context.out, "there are no domains");
            });
    });
}

void add_remove(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group, "remove", {"Stop serving a domain", "bulla domain remove example.org"});
    const auto options = std::make_shared<DomainOptions>();
    command.add_option("NAME", options->name, "The domain")->required();
    command.add_flag("--force", options->force, "Delete its DKIM keys too");
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(context,
                              "domain.remove",
                              {{"name", options->name}, {"force", options->force}},
                              [&](const nlohmann::json& value) {
                                  context.out << "removed " << show(value, "name") << '\n';
                              });
    });
}

/// `disable` and `enable`.
void add_switch(CLI::App& group, Context& context, bool disable) {
    CLI::App& command = add_command(
        group,
        disable ? "disable" : "enable",
        disable ? CommandHelp{"Take no mail for a domain and let its users in no more",
                              "bulla domain disable example.org"}
                : CommandHelp{"Serve a disabled domain again", "bulla domain enable example.org"});
    const auto options = std::make_shared<DomainOptions>();
    command.add_option("NAME", options->name, "The domain")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options, disable] {
        return call_and_print(context,
                              "domain.disable",
                              {{"name", options->name}, {"disabled", disable}},
                              [&](const nlohmann::json& value) {
                                  context.out << show(value, "name")
                                              << (disable ? " is disabled\n" : " is enabled\n");
                              });
    });
}

}  // namespace

void add_domain_commands(CLI::App& root, Context& context) {
    CLI::App& group =
        add_group(root, "domain", {"The domains of the instance", "bulla domain add example.org"});
    add_add(group, context);
    add_list(group, context);
    add_remove(group, context);
    add_switch(group, context, true);
    add_switch(group, context, false);
}

}  // namespace bulla::cli

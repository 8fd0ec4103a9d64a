#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"

#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

using nlohmann::json;

struct SettingOptions {
    std::string name{};
    std::string value{};
    std::string domain{};
    std::string account{};

    [[nodiscard]] std::string scope() const {
        return !account.empty() ? "account:" + account : !domain.empty() ? "domain:" + domain : "";
    }
};

void add_scope_options(CLI::App& command, SettingOptions& options) {
    CLI::Option* domain = command.add_option("--domain", options.domain, "For this domain alone");
    command.add_option("--account", options.account, "For this account alone")->excludes(domain);
}

void print_problem(const Context& context, const json& value) {
    if (value.contains("problem")) {
        context.err << "bulla: " << show(value, "problem") << '\n';
    }
}

/// Where the value in force comes from, in words.
std::string show_source(const json& value) {
    const std::string scope = show(value, "source_scope");
    const std::string source = scope.empty() ? show(value, "source") : scope;
    const std::string why = show(value, "why");
    return why.empty() ? source : source + ": " + why;
}

void print_setting(const Context& context, const json& value) {
    context.out << printable(show(value, "effective")) << "   (" << printable(show_source(value))
                << ")\n"
                << show(value, "description") << "\nAllowed: " << show(value, "allowed")
                << "\nDefault: " << show(value, "default") << "\nSet for: the server"
                << (show(value, "level") == "server"   ? ""
                    : show(value, "level") == "domain" ? ", a domain"
                                                       : ", a domain, an account")
                << '\n';
    print_problem(context, value);
}

void add_get(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "get",
        {"Say what a setting is and where that comes from; its first word is the value in force",
         "bulla settings get trusted_networks"});
    const auto options = std::make_shared<SettingOptions>();
    command.add_option("NAME", options->name, "The setting")->required();
    add_scope_options(command, *options);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(context,
                              "settings.get",
                              {{"name", options->name}, {"scope", options->scope()}},
                              [&](const json& value) { print_setting(context, value); });
    });
}

void add_set(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "set",
                                    {"Change a setting, at once",
                                     "bulla settings set trusted_networks 192.0.2.0/24\n  bulla "
                                     "settings set dkim_expiry '14 d' --domain example.org"});
    const auto options = std::make_shared<SettingOptions>();
    command.add_option("NAME", options->name, "The setting")->required();
    command.add_option("VALUE", options->value, "Its value")->required();
    add_scope_options(command, *options);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        const json arguments = {
            {"name", options->name}, {"value", options->value}, {"scope", options->scope()}};
        return call_and_print(context, "settings.set", arguments, [&](const json& value) {
            context.out << show(value, "name") << " = " << printable(show(value, "effective"))
                        << '\n';
            print_problem(context, value);
        });
    });
}

void add_reset(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "reset",
                                    {"Go back to the value of the wider level or the default",
                                     "bulla settings reset dkim_expiry --domain example.org"});
    const auto options = std::make_shared<SettingOptions>();
    command.add_option("NAME", options->name, "The setting")->required();
    add_scope_options(command, *options);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(context,
                              "settings.reset",
                              {{"name", options->name}, {"scope", options->scope()}},
                              [&](const json& value) {
                                  context.out << show(value, "name") << " = "
                                              << printable(show(value, "effective")) << "   ("
                                              << printable(show_source(value)) << ")\n";
                              });
    });
}

void add_list(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "list",
        {"List the settings with their values", "bulla settings list --domain example.org"});
    const auto options = std::make_shared<SettingOptions>();
    add_scope_options(command, *options);
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context, "settings.list", {{"scope", options->scope()}}, [&](const json& value) {
                Table table({"SETTING", "VALUE", "FROM", "MEANING"});
                for (const auto& setting : value) {
                    table.add({show(setting, "name"),
                               show(setting, "effective"),
                               show(setting, "source_scope").empty()
                                   ? show(setting, "source")
                                   : show(setting, "source_scope"),
                               show(setting, "description")});
                    print_problem(context, setting);
                }
                table.print(context.out, "there are no settings");
            });
    });
}

}  // namespace

void add_settings_commands(CLI::App& root, Context& context) {
    CLI::App& group =
        add_group(root, "settings", {"Settings that are in force at once", "bulla settings list"});
    add_get(group, context);
    add_set(group, context);
    add_reset(group, context);
    add_list(group, context);
}

}  // namespace bulla::cli

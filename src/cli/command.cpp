#include "cli/command.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulla::cli {

CLI::App& add_command(CLI::App& parent, const std::string& name, const CommandHelp& help) {
    CLI::App* command = parent.add_subcommand(name, help.about);
    command->footer("Example:\n  " + help.example);
    command->set_help_flag("-h,--help", "Say what this command does and show an example");
    return *command;
}

CLI::App& add_group(CLI::App& parent, const std::string& name, const CommandHelp& help) {
    CLI::App& group = add_command(parent, name, help);
    group.require_subcommand(1);
    return group;
}

void set_action(CLI::App& command, Context& context, Action action) {
    command.callback([&context, action = std::move(action)] { context.action = action; });
}

void add_config_option(CLI::App& command, Context& context) {
    command.add_option("-c,--config", context.config_option, "The instance: its bulla.toml")
        ->type_name("FILE");
}

void add_json_option(CLI::App& command, Context& context) {
    command.add_flag("--json", context.json, "Print JSON");
}

Result<std::string> find_config(const Context& context) {
    if (!context.config_option.empty()) {
        return context.config_option;
    }
    // Only this thread runs while the command line is read.
    const char* named = std::getenv("BULLA_CONFIG");  // NOLINT(concurrency-mt-unsafe)
    if (named != nullptr && *named != '\0') {
        return std::string(named);
    }
    for (const char* path : {"bulla.toml", "/etc/bulla/bulla.toml"}) {
        std::error_code ignored;
        if (std::filesystem::exists(path, ignored)) {
            return std::string(path);
        }
    }
    return fail("config.missing",
                Fault::sender,
                "there is no bulla.toml here and no /etc/bulla/bulla.toml: name the instance with "
                "-c FILE, or make one with `bulla init`");
}

Result<config::Config> load_instance_config(const Context& context) {
    BULLA_TRY(path, find_config(context));
    return config::load_config(path);
}

void print_error(const Context& context, const Error& error) {
    if (!context.json) {
        context.err << "bulla: " << error.text << '\n';
        return;
    }
    const nlohmann::json object = {{"error", {{"code", error.code}, {"text", error.text}}}};
    context.err << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

bool is_terminal(const Context& context) {
    return &context.out == &std::cout && ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace bulla::cli

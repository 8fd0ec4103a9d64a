#include "cli/manual_tree.h"

#include <algorithm>
#include <regex>

namespace bulla::cli {
namespace {

/// CLI11 writes the validators behind the type: "TEXT:{rsa,ed25519}", "INT:INT in [1 - 100]".
void read_validators(OptionInfo& info, const std::string& type) {
    static const std::regex words("\\{([^}]*)\\}");
    static const std::regex range("in \\[(-?[0-9]+) - (-?[0-9]+)\\]");
    std::smatch found;
    if (std::regex_search(type, found, range)) {
        info.range = found[1].str() + " to " + found[2].str();
    } else if (std::regex_search(type, found, words)) {
        const std::string inside = found[1].str();
        for (std::size_t at = 0; at <= inside.size();) {
            const std::size_t end = std::min(inside.find(',', at), inside.size());
            info.choices.push_back(inside.substr(at, end - at));
            at = end + 1;
        }
    }
}

OptionInfo describe_option(const CLI::Option& option) {
    OptionInfo info;
    for (const std::string& name : option.get_snames()) {
        info.names.push_back("-" + name);
    }
    for (const std::string& name : option.get_lnames()) {
        info.names.push_back("--" + name);
    }
    const std::string type = option.get_type_name();
    if (option.get_items_expected_max() > 0) {
        info.value = option.get_positional() ? option.get_name(true)
                                             : type.substr(0, type.find_first_of(":{"));
        std::ranges::transform(info.value, info.value.begin(), [](unsigned char c) {
            return static_cast<char>(std::toupper(c));
        });
        info.value = type.starts_with("ROLE=") || type.starts_with("HOST:") ? type : info.value;
        read_validators(info, type);
        if (info.value.empty()) {
            info.value = "TEXT";
        }
    }
    info.about = option.get_description();
    info.standard = option.get_default_str();
    info.required = option.get_required();
    info.repeats = option.get_expected_max() > 1;
    return info;
}

CommandInfo describe_below(const CLI::App& app, const std::string& path) {
    CommandInfo info;
    info.path = path;
    info.about = app.get_description();
    info.notes = app.get_footer();
    for (const CLI::Option* option :
         app.get_options([](const CLI::Option* one) { return !one->get_group().empty(); })) {
        (option->get_positional() ? info.arguments : info.options)
            .push_back(describe_option(*option));
    }
    for (const CLI::App* inside :
         app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); })) {
        info.commands.push_back(describe_below(*inside, path + " " + inside->get_name()));
    }
    return info;
}

void flatten_into(std::vector<const CommandInfo*>& out, const CommandInfo& command) {
    out.push_back(&command);
    for (const CommandInfo& inside : command.commands) {
        flatten_into(out, inside);
    }
}

}  // namespace

CommandInfo describe_command(const CLI::App& app) {
    return describe_below(app, app.get_name());
}

std::vector<const CommandInfo*> flatten(const CommandInfo& root) {
    std::vector<const CommandInfo*> out;
    flatten_into(out, root);
    return out;
}

std::string words_after_program(const CommandInfo& command) {
    const std::size_t space = command.path.find(' ');
    return space == std::string::npos ? std::string() : command.path.substr(space + 1);
}

}  // namespace bulla::cli

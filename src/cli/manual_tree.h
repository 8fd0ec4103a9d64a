#pragma once
#include <CLI/App.hpp>
#include <string>
#include <vector>

// The command line as data: what manual pages and completions are written from, so that they never differ from the program.

namespace bulla::cli {

struct OptionInfo {
    std::vector<std::string> names;    ///< "-c", "--config"; empty for a positional argument.
    std::string value;                 ///< What it takes, such as "FILE"; empty for a flag.
    std::vector<std::string> choices;  ///< The words it takes; empty: any.
    std::string range;                 ///< "1 to 100"; empty: any.
    std::string about;
    std::string standard;  ///< What it is when it is not given; may be empty.
    bool required = false;
    bool repeats = false;
};

struct CommandInfo {
    std::string path;  ///< "bulla queue list"
    std::string about;
    std::string notes;  ///< What its help says below the options: an example.
    std::vector<OptionInfo> options;
    std::vector<OptionInfo> arguments;  ///< positional, in their order
    std::vector<CommandInfo> commands;

    /// It does nothing itself: one of its commands has to be named.
    [[nodiscard]] bool is_group() const { return !commands.empty() && arguments.empty(); }

    /// Its last word.
    [[nodiscard]] std::string name() const { return path.substr(path.rfind(' ') + 1); }
};

/// Reads `app` and all below it; hidden commands (in no group) are left out.
[[nodiscard]] CommandInfo describe_command(const CLI::App& app);

/// All commands of a tree, `root` first.
[[nodiscard]] std::vector<const CommandInfo*> flatten(const CommandInfo& root);

/// "queue list": the path without the program's name.
[[nodiscard]] std::string words_after_program(const CommandInfo& command);

}  // namespace bulla::cli

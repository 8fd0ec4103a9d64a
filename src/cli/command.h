#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "cli/run.h"
#include "config/config.h"

#include <CLI/App.hpp>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

// The frame that every command stands in. A group of commands is one file `<group>_commands.cpp` with one function
// `void add_<group>_commands(CLI::App& root, Context& context)`, declared in groups.h and called in run.cpp.

namespace bulla::cli {

/// Exit codes of every command.
enum class ExitCode {
    ok = 0,
    negative =
        1,  ///< The question was answered, and the answer is no: a signature fails, an archive does not verify.
    usage = 2,    ///< The command line or its input is wrong: nothing was done.
    failure = 3,  ///< It could not be done: the text says why and what to do.
};

/// The work of a command, run after the whole command line was read. An Error is printed as "bulla: …"; Fault::sender ends with
/// ExitCode::usage, all others with ExitCode::failure.
using Action = std::function<Result<ExitCode>()>;

/// What commands work with; lives as long as the program. Options write into it while the command line is read.
struct Context {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    const Clock& clock;
    Random& random;
    Serve serve = nullptr;
    std::string config_option{};  ///< -c FILE as given; empty: see find_config().
    bool json = false;            ///< --json
    Action action{};              ///< The command that was chosen.
};

/// Reads the command line and runs the command, as run() does, over other streams.
[[nodiscard]] int run_with(Context& context, int argc, const char* const* argv);

/// What a command's help says.
struct CommandHelp {
    std::string about;    ///< One sentence.
    std::string example;  ///< One or more whole command lines.
};

/// Adds a command (or a group of commands, if others are added to it; then one of them must be given).
CLI::App& add_command(CLI::App& parent, const std::string& name, const CommandHelp& help);
CLI::App& add_group(CLI::App& parent, const std::string& name, const CommandHelp& help);
/// Says what `command` does when it is chosen.
void set_action(CLI::App& command, Context& context, Action action);
/// Gives `command` the option -c, --config: the instance it works on. Use load_instance_config() in its action.
/// `dkim sign` and others that need no instance do not call this, so -c is theirs.
void add_config_option(CLI::App& command, Context& context);
/// Gives `command` the option --json: every command that prints data has it; see Context::json and print_json().
void add_json_option(CLI::App& command, Context& context);

/// The configuration file: -c, else BULLA_CONFIG, else ./bulla.toml, else /etc/bulla/bulla.toml. Error: config.missing.
[[nodiscard]] Result<std::string> find_config(const Context& context);
/// find_config() and config::load_config().
[[nodiscard]] Result<config::Config> load_instance_config(const Context& context);

/// A secret, never from the command line: from standard input with `from_stdin` (its first line), from `file` if not empty (0600 is
/// demanded), else asked for at the terminal without echo, twice if `confirm`. Errors: secret.empty, secret.too_long,
/// secret.no_terminal, secret.differs, those of load_secret_file.
struct SecretSource {
    std::string prompt;
    bool from_stdin = false;
    std::string file{};
    bool confirm = false;
};

[[nodiscard]] Result<std::string> read_secret(Context& context, const SecretSource& source);

/// "bulla: <text>" on the error stream; with --json also {"error":{"code","text"}} on it instead.
void print_error(const Context& context, const Error& error);

/// Standard output is a terminal: progress bars only then.
[[nodiscard]] bool is_terminal(const Context& context);

}  // namespace bulla::cli

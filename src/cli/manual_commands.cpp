#include "cli/completion.h"
#include "cli/groups.h"
#include "cli/manual_pages.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

/// Now, unless SOURCE_DATE_EPOCH (seconds since 1970) says that a build is to be repeated octet for octet.
Time choose_date(const Clock& clock) {
    // Only this thread runs while the command line is read.
    const char* given = std::getenv("SOURCE_DATE_EPOCH");  // NOLINT(concurrency-mt-unsafe)
    const std::string_view text = given == nullptr ? "" : given;
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool good = error == std::errc() && end == text.data() + text.size();
    return good ? from_micros(seconds * 1'000'000) : clock.now();
}

Result<ExitCode> write_pages(const CLI::App& root,
                             const Context& context,
                             const std::string& directory) {
    std::error_code ignored;
    std::filesystem::create_directories(directory, ignored);
    for (const ManualPage& page :
         write_manual(describe_command(root), config::list_keys(), choose_date(context.clock))) {
        const std::string path = directory + "/" + page.file;
        std::ofstream file(path, std::ios::binary);
        file << page.text;
        if (!file.flush()) {
            return fail("manual.cannot_write", Fault::us, path + ": cannot be written");
        }
        context.out << path << '\n';
    }
    return ExitCode::ok;
}

Result<ExitCode> show_help(const CLI::App& root,
                           const Context& context,
                           const std::vector<std::string>& words) {
    const CLI::App* at = &root;
    std::string path = root.get_name();
    for (const std::string& word : words) {
        path.append(" ").append(word);
        const auto found =
            at->get_subcommands([&word](const CLI::App* one) { return one->get_name() == word; });
        if (found.empty()) {
            return fail("help.unknown", Fault::sender, "there is no command \"" + path + "\"");
        }
        at = found.front();
    }
    // Not help(): that of the program gives way to the command that is being run, which is this one.
    context.out << at->get_formatter()->make_help(at, path, CLI::AppFormatMode::Normal);
    return ExitCode::ok;
}

void add_help(CLI::App& root, Context& context) {
    CLI::App& command =
        add_command(root, "help", {"Say what a command does", "bulla help archive verify"});
    const auto words = std::make_shared<std::vector<std::string>>();
    const auto directory = std::make_shared<std::string>();
    command.add_option("command", *words, "The command")->type_name("COMMAND");
    command
        .add_option(
            "--man", *directory, "Write the manual pages of all commands into this directory")
        ->type_name("DIR")
        ->group("");
    set_action(command, context, [&root, &context, words, directory]() -> Result<ExitCode> {
        return directory->empty() ? show_help(root, context, *words)
                                  : write_pages(root, context, *directory);
    });
}

void add_completion(CLI::App& root, Context& context) {
    CLI::App& command = add_command(root,
                                    "completion",
                                    {"Print what a shell needs to complete command lines of bulla",
                                     "source <(bulla completion bash)"});
    const auto shell = std::make_shared<std::string>();
    command.add_option("shell", *shell, "The shell")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    set_action(command, context, [&root, &context, shell]() -> Result<ExitCode> {
        const CommandInfo tree = describe_command(root);
        context.out << (*shell == "bash"  ? write_bash_completion(tree)
                        : *shell == "zsh" ? write_zsh_completion(tree)
                                          : write_fish_completion(tree));
        return ExitCode::ok;
    });
}

}  // namespace

void add_manual_commands(CLI::App& root, Context& context) {
    add_help(root, context);
    add_completion(root, context);
}

}  // namespace bulla::cli

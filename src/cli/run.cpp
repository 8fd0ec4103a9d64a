#include "cli/run.h"

#include "cli/command.h"
#include "cli/groups.h"
#include "cli/version.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

namespace bulla::cli {
namespace {

void add_commands(CLI::App& root, Context& context) {
    root.require_subcommand(1);
    root.footer(
        "Example:\n  bulla init demo --domain example.org --admin postmaster@example.org\n  bulla "
        "serve -c demo/bulla.toml\n\n"
        "Exit codes: 0 done; 1 the answer is no (something does not verify); 2 wrong usage; 3 "
        "failed.");
    root.set_version_flag("--version", "bulla " + std::string(version));
    add_instance_commands(root, context);
    add_domain_commands(root, context);
    add_account_commands(root, context);
    add_session_commands(root, context);
    add_token_commands(root, context);
    add_settings_commands(root, context);
    add_setup_commands(root, context);
    add_dkim_tool_commands(add_dkim_commands(root, context), context);
    add_arc_commands(root, context);
    add_signer_commands(root, context);
    add_group_commands(root, context);
    add_archive_commands(root, context);
    add_log_commands(root, context);
    add_queue_commands(root, context);
    add_explain_command(root, context);
    add_check_command(root, context);
    add_manual_commands(root, context);
}

/// The command that was being read when it went wrong, for "try … --help".
std::string name_command(const CLI::App& root) {
    std::string name = "bulla";
    const CLI::App* at = &root;
    for (auto inside = at->get_subcommands(); !inside.empty(); inside = at->get_subcommands()) {
        at = inside.front();
        name += " " + at->get_name();
    }
    return name;
}

/// Letters to change, add or leave out to make one word of the other.
std::size_t distance(std::string_view one, std::string_view other) {
    std::vector<std::size_t> row(other.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < one.size(); ++i) {
        std::size_t corner = row[0]++;
        for (std::size_t j = 0; j < other.size(); ++j) {
            const std::size_t changed = corner + (one[i] == other[j] ? 0 : 1);
            corner = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

/// "there is no command …" if a word stands where a command should; else empty.
std::string explain_unknown(const CLI::App& root, int argc, const char* const* argv) {
    constexpr std::size_t most_typing_errors = 3;
    const CLI::App* at = &root;
    const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
    for (const std::string_view word : words.subspan(1)) {
        const auto commands = at->get_subcommands([](const CLI::App*) { return true; });
        if (commands.empty() || word.starts_with('-')) {
            return {};
        }
        const auto named = std::ranges::find(commands, word, &CLI::App::get_name);
        if (named != commands.end()) {
            at = *named;
            continue;
        }
        // A word that is no command of one that takes words of its own is one of those.
        if (!at->get_options([](const CLI::Option* one) {
                   return one->get_positional();
               }).empty()) {
            return {};
        }
        const auto* const nearest = *std::ranges::min_element(
            commands, {}, [&](const CLI::App* it) { return distance(word, it->get_name()); });
        std::string out = "there is no command \"" + std::string(word) + "\"";
        out += at == &root ? "" : " in " + at->get_name();
        const std::size_t away = distance(word, nearest->get_name());
        const bool near = away < most_typing_errors && away < nearest->get_name().size();
        return out + (near ? "; did you mean \"" + nearest->get_name() + "\"?" : "");
    }
    return {};
}

int parse(CLI::App& root, Context& context, int argc, const char* const* argv) {
    try {
        root.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return root.exit(help, context.out, context.err);
    } catch (const CLI::CallForVersion& asked) {
        return root.exit(asked, context.out, context.err);
    } catch (const CLI::ParseError& error) {
        const std::string unknown = explain_unknown(root, argc, argv);
        context.err << "bulla: " << (unknown.empty() ? error.what() : unknown)
                    << "\nTry: " << name_command(root) << " --help\n";
        return static_cast<int>(ExitCode::usage);
    }
    return 0;
}

}  // namespace

int run_with(Context& context, int argc, const char* const* argv) {
    // Asked often and by scripts: answered before anything is built.
    if (argc == 2 && std::string_view(argv[1]) == "--version") {
        context.out << "bulla " << version << '\n';
        return 0;
    }
    CLI::App root("bulla seals mail: DKIM, a signed and tamper-evident archive, and delivery.",
                  "bulla");
    add_commands(root, context);
    if (const int code = parse(root, context, argc, argv); code != 0 || !context.action) {
        return code;
    }
    const auto result = context.action();
    context.out.flush();
    if (result) {
        return static_cast<int>(*result);
    }
    print_error(context, result.error());
    return static_cast<int>(result.error().fault == Fault::sender ? ExitCode::usage
                                                                  : ExitCode::failure);
}

int run(int argc, const char* const* argv, Serve serve) {
    const SystemClock clock;
    SystemRandom random;
    Context context{.in = std::cin,
                    .out = std::cout,
                    .err = std::cerr,
                    .clock = clock,
                    .random = random,
                    .serve = serve};
    return run_with(context, argc, argv);
}

}  // namespace bulla::cli

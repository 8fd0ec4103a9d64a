#include "cli/run.h"

#include "cli/command.h"
#include "cli/groups.h"
#include "cli/version.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <string_view>

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
    add_settings_commands(root, context);
    add_dkim_tool_commands(add_dkim_commands(root, context), context);
    add_signer_commands(root, context);
    add_group_commands(root, context);
    add_archive_commands(root, context);
    add_log_commands(root, context);
    add_queue_commands(root, context);
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

int parse(CLI::App& root, Context& context, int argc, const char* const* argv) {
    try {
        root.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return root.exit(help, context.out, context.err);
    } catch (const CLI::CallForVersion& asked) {
        return root.exit(asked, context.out, context.err);
    } catch (const CLI::ParseError& error) {
        context.err << "bulla: " << error.what() << "\nTry: " << name_command(root) << " --help\n";
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

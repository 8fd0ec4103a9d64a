#include "base/plural.h"
#include "cli/call.h"
#include "cli/dkim_import.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "importers/exim.h"
#include "importers/opendkim.h"
#include "importers/rspamd.h"
#include "importers/sqmail.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <ostream>

namespace bulla::cli {

namespace {

using importers::ImportPlan;
using importers::Severity;

using Reader = ImportPlan (*)(const importers::Files& files, const std::string& path);

struct ImportOptions {
    std::string path;
    bool apply = false;
    bool dry_run = false;
    bool partly = false;
};

struct Source {
    const char* name;
    const char* about;
    const char* path;   ///< Where it lies unless told otherwise.
    const char* value;  ///< FILE or DIR
    const char* path_about;
    Reader read;
};

std::int64_t errors_in(const ImportPlan& plan) {
    return static_cast<std::int64_t>(plan.count(Severity::error));
}

void print_done(const Context& context, const Done& done) {
    context.out << '\n';
    for (const auto& sentence : done) {
        context.out << printable(sentence) << '\n';
    }
    context.out << (done.empty() ? "All of this was there already.\n" : "Next: bulla dkim check\n");
}

Result<ExitCode> carry_out(const Context& context, const ImportPlan& plan, bool partly) {
    if (errors_in(plan) > 0 && !partly) {
        return fail("import.errors",
                    Fault::sender,
                    fmt::format("nothing was changed: {}. Mend that, or take over the rest with "
                                "--partly",
                                plural(errors_in(plan),
                                       "thing cannot be taken over",
                                       "things cannot be taken over")));
    }
    Done done;
    const auto applied = apply_plan(context, plan, done);
    if (!applied) {
        return fail(
            applied.error().code,
            applied.error().fault,
            done.empty()
                ? applied.error().text
                : fmt::format("{} (done before that: {}; the same command goes on "
                              "from there)",
                              applied.error().text,
                              plural(static_cast<std::int64_t>(done.size()), "change", "changes")));
    }
    if (context.json) {
        nlohmann::json out = plan_to_json(plan);
        out["applied"] = true;
        out["done"] = done;
        print_json(context.out, out);
    } else {
        print_done(context, done);
    }
    return ExitCode::ok;
}

Result<ExitCode> run_import(const Context& context,
                            const Source& source,
                            const ImportOptions& options) {
    // Before the instance is opened: that may give up the rights that the other program's files need.
    const auto plan = source.read(importers::DiskFiles(), options.path);
    if (!context.json) {
        print_plan(context, plan);
    }
    if (options.apply) {
        return carry_out(context, plan, options.partly);
    }
    if (context.json) {
        nlohmann::json out = plan_to_json(plan);
        out["applied"] = false;
        print_json(context.out, out);
    } else {
        context.out << "\nNothing was changed; --apply does it.\n";
    }
    return errors_in(plan) > 0 ? ExitCode::negative : ExitCode::ok;
}

void add_source(CLI::App& import, Context& context, const Source& source) {
    CLI::App& command =
        add_command(import,
                    source.name,
                    {source.about,
                     fmt::format("bulla dkim import {} {}\n  bulla dkim import {} {} --apply",
                                 source.name,
                                 source.path,
                                 source.name,
                                 source.path)});
    const auto options = std::make_shared<ImportOptions>();
    options->path = source.path;
    command.add_option(source.value, options->path, source.path_about)->capture_default_str();
    auto* const apply = command.add_flag(
        "--apply", options->apply, "Do it; without this, only say what would be done");
    command
        .add_flag("--dry-run", options->dry_run, "Only say what would be done, as without --apply")
        ->excludes(apply);
    command.add_flag("--partly", options->partly, "Do what can be done, errors or not")
        ->needs(apply);
    add_instance_options(command, context);
    set_action(command, context, [&context, source, options] {
        return run_import(context, source, *options);
    });
}

}  // namespace

void add_dkim_import_commands(CLI::App& import, Context& context) {
    add_source(import,
               context,
               {.name = "opendkim",
                .about = "Take over the keys, tables and settings of an OpenDKIM",
                .path = "/etc/opendkim.conf",
                .value = "FILE",
                .path_about = "Its opendkim.conf",
                .read = importers::import_opendkim});
    add_source(import,
               context,
               {.name = "rspamd",
                .about = "Take over the keys, maps and settings of rspamd's dkim_signing",
                .path = "/etc/rspamd",
                .value = "DIR",
                .path_about = "Its folder, with local.d in it, or a dkim_signing.conf alone",
                .read = importers::import_rspamd});
    add_source(import,
               context,
               {.name = "sqmail",
                .about = "Use the dkimdomains and the keys of an s/qmail",
                .path = "/var/qmail",
                .value = "DIR",
                .path_about = "Its home, with control and ssl/domainkeys in it",
                .read = importers::import_sqmail});
    add_source(import,
               context,
               {.name = "exim",
                .about = "Take over the keys and settings of an Exim's transports",
                .path = "/etc/exim4",
                .value = "PATH",
                .path_about = "Its configuration, or the folder of Debian's",
                .read = importers::import_exim});
}

}  // namespace bulla::cli

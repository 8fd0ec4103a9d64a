#include "archive/verify.h"
#include "base/plural.h"
#include "cli/archive_access.h"
#include "cli/output.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <thread>

namespace bulla::cli {

namespace {

using archive::Outcome;
using nlohmann::json;

struct VerifyOptions {
    std::vector<std::string> ids{};
    bool all = false;
    std::vector<std::string> checkpoints{};
    std::string log_key{};
    std::uint64_t first = 0;
    std::uint64_t most = 0;
    unsigned threads = 0;
};

void print_findings(std::ostream& out, const archive::Findings& findings, std::string_view indent) {
    constexpr std::string_view marks[] = {"ok  ", "note", "BAD "};
    for (const auto& [outcome, check, text] : findings.list()) {
        out << fmt::format("{}{} {}: {}\n",
                           indent,
                           marks[static_cast<std::size_t>(outcome)],
                           check,
                           printable(text));
    }
    if (findings.left_off() > 0) {
        out << fmt::format("{}… and {} more\n", indent, findings.left_off());
    }
}

json json_of(const archive::MessageReport& report) {
    return {{"id", report.id.text()},
            {"verified", report.verified()},
            {"findings", to_json(report.findings)}};
}

void print_report(std::ostream& out, const archive::MessageReport& report) {
    const auto* said = report.verified()           ? "verifies"
                       : report.findings.any_bad() ? "DOES NOT VERIFY"
                                                   : "CANNOT BE CHECKED";
    out << fmt::format("{} {}\n", report.id.text(), said);
    print_findings(out, report.findings, "  ");
}

/// A line that is written over and over, ten times a second at most.
class ProgressBar {
  public:
    ProgressBar(Context& context, bool shown)
        : context_(context), shown_(shown), start_(context.clock.now()) {}

    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    ~ProgressBar() { clear(); }

    void show(const archive::Progress& progress) {
        constexpr std::size_t width = 30;
        const auto now = context_.clock.now();
        if (!shown_ || (last_ && now - *last_ < std::chrono::milliseconds(100))) {
            return;
        }
        last_ = now;
        const double part = progress.all_leaves == 0 ? 1
                                                     : static_cast<double>(progress.leaves) /
                                                           static_cast<double>(progress.all_leaves);
        const auto filled = static_cast<std::size_t>(part * width);
        const auto seconds = std::chrono::duration<double>(now - start_).count();
        const auto left = part > 0 ? static_cast<std::int64_t>(seconds / part - seconds) : 0;
        context_.err << fmt::format(
                            "\r[{}{}] {:3.0f} %  {} of {} leaves, {} bad, {}:{:02} left \x1b[K",
                            std::string(filled, '#'),
                            std::string(width - filled, ' '),
                            part * 100,
                            progress.leaves,
                            progress.all_leaves,
                            progress.failed,
                            left / 60,
                            left % 60)
                     << std::flush;
    }

    void clear() {
        if (last_) {
            context_.err << "\r\x1b[K" << std::flush;
        }
    }

  private:
    Context& context_;
    bool shown_;
    Time start_;
    std::optional<Time> last_{};
};

struct Verification {
    ArchiveAccess& access;
    archive::Verifier verifier;
    archive::Findings trust{};  ///< What is wrong with keys and checkpoints themselves.
};

Result<ExitCode> verify_some(Context& context,
                             Verification& verification,
                             const std::vector<std::string>& ids) {
    bool good = !verification.trust.any_bad();
    auto reports = json::array();
    for (const auto& text : ids) {
        BULLA_TRY(id, parse_message_argument(text));
        BULLA_TRY(report, verification.verifier.verify_message(id));
        good = good && report.verified();
        if (context.json) {
            reports.push_back(json_of(report));
        } else {
            print_report(context.out, report);
        }
    }
    if (context.json) {
        print_json(
            context.out,
            {{"verified", good}, {"trust", to_json(verification.trust)}, {"reports", reports}});
    }
    return good ? ExitCode::ok : ExitCode::negative;
}

void print_summary(std::ostream& out, const archive::ArchiveReport& report, bool good) {
    print_findings(out, report.log, "");
    out << fmt::format("{} of the log, {}, {}: {}\n",
                       plural(report.leaves, "leaf", "leaves"),
                       plural(report.messages, "message", "messages"),
                       plural(report.signatures, "signature", "signatures"),
                       good ? "all verify"
                       : report.failed > 0
                           ? fmt::format("{} {} not verify",
                                         report.failed,
                                         report.failed == 1 ? "message does" : "messages do")
                           : "not all verify");
    if (report.unchecked > 0) {
        out << fmt::format("{} {} cannot be checked: a public key is missing, see above.\n",
                           report.unchecked,
                           report.unchecked == 1 ? "message" : "messages");
    }
    if (!good && report.failed == 0 && report.unchecked == 0) {
        out << "The messages themselves verify, but not all of the log or its keys: see above.\n";
    }
    if (!report.complete) {
        out << fmt::format("Stopped before the end; go on with --first {}\n", report.next);
    }
}

Result<ExitCode> verify_all(Context& context,
                            Verification& verification,
                            const VerifyOptions& options) {
    constexpr unsigned most_threads = 8;
    const unsigned cores = std::clamp(std::thread::hardware_concurrency(), 1U, most_threads);
    auto reports = json::array();
    ProgressBar bar(context, is_terminal(context) && !context.json);
    archive::SweepOptions sweep{.first = options.first,
                                .threads = options.threads == 0 ? cores : options.threads};
    sweep.progress = [&](const archive::Progress& progress) {
        bar.show(progress);
        return options.most == 0 || progress.leaves < options.first + options.most;
    };
    sweep.report = [&](const archive::MessageReport& report) {
        bar.clear();
        if (context.json) {
            reports.push_back(json_of(report));
        } else {
            print_report(context.out, report);
        }
    };
    BULLA_TRY(report, verification.verifier.verify_all(sweep));
    bar.clear();
    const bool good = !verification.trust.any_bad() && report.failed == 0 &&
                      report.unchecked == 0 && !report.log.any_bad();
    if (context.json) {
        print_json(context.out,
                   {{"verified", good},
                    {"complete", report.complete},
                    {"leaves", report.leaves},
                    {"messages", report.messages},
                    {"signatures", report.signatures},
                    {"failed", report.failed},
                    {"unchecked", report.unchecked},
                    {"next", report.next},
                    {"trust", to_json(verification.trust)},
                    {"log", to_json(report.log)},
                    {"reports", reports}});
    } else {
        print_summary(context.out, report, good);
    }
    return good ? ExitCode::ok : ExitCode::negative;
}

Result<ExitCode> verify(Context& context, const VerifyOptions& options) {
    if (options.all != options.ids.empty()) {
        return fail("usage", Fault::sender, "name the messages to verify, or give --all");
    }
    BULLA_TRY(access, ArchiveAccess::open(context));
    archive::Findings trust;
    BULLA_TRY(believed, access->trust(options.checkpoints, options.log_key, trust));
    Verification verification{.access = *access,
                              .verifier = archive::Verifier(access->connection(),
                                                            access->instance().vault(),
                                                            access->instance().reader(),
                                                            believed),
                              .trust = std::move(trust)};
    if (!context.json) {
        print_findings(context.out, verification.trust, "");
    }
    return options.all ? verify_all(context, verification, options)
                       : verify_some(context, verification, options.ids);
}

}  // namespace

void add_archive_verify(CLI::App& group, Context& context) {
    auto options = std::make_shared<VerifyOptions>();
    auto& command = add_command(
        group,
        "verify",
        {"Verify messages, or the whole archive, with public keys only; "
         "exit status 1 if anything does not verify, cannot be checked, or is not there",
         "bulla archive verify 1C5ZK3N8Q0A00\n  bulla archive verify --all "
         "--checkpoint /mnt/elsewhere/checkpoint"});
    command.add_option("id", options->ids, "The messages")->type_name("ID");
    command.add_flag("--all", options->all, "The whole archive: the log, every message, every row");
    command
        .add_option("--checkpoint",
                    options->checkpoints,
                    "A checkpoint of this log that was kept elsewhere")
        ->type_name("FILE");
    command
        .add_option(
            "--log-key", options->log_key, "The log's public key, kept elsewhere [state/log.pub]")
        ->type_name("FILE");
    command
        .add_option("--first",
                    options->first,
                    "With --all: begin with this leaf of the log, where an earlier run stopped")
        ->type_name("LEAF");
    command.add_option("--most", options->most, "With --all: stop after about this many leaves")
        ->type_name("N");
    command
        .add_option(
            "--threads", options->threads, "Threads that read and check [one a core, at most 8]")
        ->type_name("N")
        ->check(CLI::Range(1, 64));
    add_config_option(command, context);
    add_json_option(command, context);
    set_action(command, context, [options, &context] { return verify(context, *options); });
}

}  // namespace bulla::cli

#include "services/archive.h"
#include "services/change.h"
#include "services/job.h"

#include <memory>
#include <utility>

namespace bulla::services {
namespace {

// So many results are stored with one commit, and so many messages looked at before progress is told.
constexpr std::size_t results_at_once = 64;

/// The results of a verification on their way into message_check.
class Results {
  public:
    Results(ServiceContext& context, bool with_signatures, JobProgress& progress)
        : context_(context), with_signatures_(with_signatures), progress_(progress) {}

    void add(const archive::MessageReport& report) {
        const auto state = archive::decide_check_state(report, with_signatures_);
        results_.emplace_back(report.id, state);
        const bool is_bad = state.check == "failed" || state.seal == "cracked";
        if (!is_bad && state.check != "unchecked") {
            return;
        }
        std::uint64_t messages = 1;
        for (auto& finding : describe_findings(report.findings)) {
            // What could not be checked was not verified: it counts, and its note says what is missing.
            if (finding["state"] == (is_bad ? "bad" : "note")) {
                finding["id"] = report.id.text();
                progress_.add_bad(std::move(finding), std::exchange(messages, 0));
            }
        }
    }

    [[nodiscard]] bool is_full() const { return results_.size() >= results_at_once; }

    /// Errors: those of the sealer.
    Result<void> save() {
        if (results_.empty()) {
            return {};
        }
        auto rows = std::make_shared<const Rows>(std::exchange(results_, {}));
        const auto now = context_.clock.now();
        return commit_rows(
            context_, [rows, now](store::Tx& tx, const seal::Committed&) -> Result<void> {
                for (const auto& [id, state] : *rows) {
                    BULLA_TRY(row,
                              tx.query_first<std::int64_t>("select 1 from message where id = :id",
                                                           {id.number()}));
                    if (row) {
                        BULLA_CHECK(archive::save_check(tx, id, state, now));
                    }
                }
                return {};
            });
    }

  private:
    using Rows = std::vector<std::pair<MessageId, archive::CheckState>>;

    ServiceContext& context_;
    bool with_signatures_;
    JobProgress& progress_;
    Rows results_;
};

void tell_bad(const archive::Findings& findings, JobProgress& progress) {
    for (auto& finding : describe_findings(findings)) {
        if (finding["state"] == "bad") {
            progress.add_bad(std::move(finding), 0);
        }
    }
}

/// What a verification works with, for as long as it goes on.
struct Bench {
    ArchiveReading reading;
    bool with_signatures;
    archive::Verifier verifier;
};

Result<std::unique_ptr<Bench>> make_bench(ServiceContext& context, JobProgress& progress) {
    BULLA_TRY(reading, ArchiveReading::open(context));
    archive::Findings findings;
    BULLA_TRY(trust, reading.trust(context, findings));
    tell_bad(findings, progress);
    const bool with_signatures = trust.keys.verify_signatures;
    archive::Verifier verifier(
        reading.connection(), context.vault, reading.records(), std::move(trust));
    return std::unique_ptr<Bench>(
        new Bench{std::move(reading), with_signatures, std::move(verifier)});
}

Result<void> verify_whole(ServiceContext& context, JobProgress& progress) {
    BULLA_TRY(bench, make_bench(context, progress));
    Results results(context, bench->with_signatures, progress);
    Result<void> saved;
    const archive::SweepOptions options{
        .batch = results_at_once,
        .progress =
            [&](const archive::Progress& now) {
                saved = results.save();
                progress.advance(now.leaves, now.all_leaves);
                return saved.has_value() && !progress.stopped();
            },
        .each = [&](const archive::MessageReport& report) { results.add(report); },
        .stopped = [&] { return progress.stopped(); }};
    BULLA_TRY(report, bench->verifier.verify_all(options));
    tell_bad(report.log, progress);
    return saved;
}

Result<void> verify_some(ServiceContext& context,
                         const std::vector<MessageId>& ids,
                         JobProgress& progress) {
    BULLA_TRY(bench, make_bench(context, progress));
    Results results(context, bench->with_signatures, progress);
    for (std::size_t i = 0; i < ids.size() && !progress.stopped(); ++i) {
        BULLA_TRY(report, bench->verifier.verify_message(ids[i]));
        results.add(report);
        if (results.is_full()) {
            BULLA_CHECK(results.save());
        }
        progress.advance(i + 1, ids.size());
    }
    return results.save();
}

}  // namespace

JobWork make_verification(ServiceContext& context) {
    return [&context](JobProgress& progress) { return verify_whole(context, progress); };
}

JobWork make_verification(ServiceContext& context, std::vector<MessageId> ids) {
    return [&context, ids = std::move(ids)](JobProgress& progress) {
        return verify_some(context, ids, progress);
    };
}

}  // namespace bulla::services

#include "archive/order.h"
#include "archive/verify.h"
#include "seal/entry.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <thread>
#include <utility>

namespace bulla::archive {

namespace {

constexpr std::size_t rows_at_once = 256;

bool worth_telling(const Finding& finding) {
    return finding.outcome != Outcome::ok;
}

}  // namespace

/// A message on its way through the workers.
struct Verifier::Job {
    std::uint64_t leaf = 0;
    seal::MessageEntry entry;
    std::optional<MessageFacts> facts{};  ///< None: no row.
    MessageReport report{};
};

Result<std::vector<Verifier::Job>> Verifier::gather(const std::vector<LeafRow>& rows) const {
    std::vector<Job> jobs;
    for (const auto& row : rows) {
        auto entry = seal::parse_message_entry(row.entry);
        if (!entry) {
            continue;
        }
        Job job{.leaf = row.index, .entry = std::move(*entry)};
        const MessageId id = job.entry.id;
        job.report.id = id;
        job.report.has_signer = !job.entry.signers.empty();
        BULLA_TRY(stored, catalogue_.message(id));
        if (!stored) {
            job.report.findings.bad(
                "row",
                fmt::format("the row of message {} was deleted: leaf {} of the log is its own",
                            id.text(),
                            row.index));
        } else {
            if (stored->row.leaf != static_cast<std::int64_t>(row.index)) {
                job.report.findings.bad("row",
                                        fmt::format("leaf {} of the log is that of message {}, "
                                                    "whose row names leaf {}: rows or leaves were "
                                                    "exchanged",
                                                    row.index,
                                                    id.text(),
                                                    stored->row.leaf));
            }
            stored->row.leaf = static_cast<std::int64_t>(row.index);
            BULLA_TRY(signatures, catalogue_.signatures(id));
            job.report.has_signer = job.report.has_signer || !signatures.empty();
            job.facts = MessageFacts{
                .row = std::move(stored->row),
                .text_error = std::move(stored->text_error),
                .entry = row.entry,
                .signatures = std::move(signatures),
                .record = fail("archive.not_read", Fault::us, "it was not looked for")};
            BULLA_CHECK(check_events(id, job.report.findings));
        }
        jobs.push_back(std::move(job));
    }
    return jobs;
}

/// False if it was stopped before all were looked at.
bool Verifier::run(std::vector<Job>& jobs, const SweepOptions& options) const {
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> is_stopped = false;
    const auto work = [&] {
        for (std::size_t i = next++; i < jobs.size(); i = next++) {
            auto& job = jobs[i];
            if (options.stopped && options.stopped()) {
                is_stopped = true;
                return;
            }
            if (job.facts) {
                job.facts->record =
                    records_.read(job.facts->row.address, job.entry.id, seal::RecordKind::received);
                check_message(*job.facts, options_.keys, job.report.findings);
                job.facts->record =
                    fail("archive.not_kept", Fault::us, "it was checked and let go");
            }
        }
    };
    std::vector<std::jthread> workers;
    for (unsigned i = 1; i < options.threads; ++i) {
        workers.emplace_back(work);
    }
    work();
    workers.clear();
    return !is_stopped;
}

void Verifier::tell(const std::vector<Job>& jobs,
                    const SweepOptions& options,
                    ArchiveReport& report) {
    for (const auto& job : jobs) {
        ++report.messages;
        report.signatures += job.entry.signers.size();
        const auto& findings = job.report.findings;
        report.failed += findings.any_bad() ? 1 : 0;
        report.unchecked += !findings.any_bad() && findings.any_unchecked() ? 1 : 0;
        if (options.report && std::ranges::any_of(job.report.findings.list(), worth_telling)) {
            options.report(job.report);
        }
        if (options.each) {
            options.each(job.report);
        }
    }
}

Result<ArchiveReport> Verifier::verify_all(const SweepOptions& options) {
    ArchiveReport report;
    const LogWalk::Options walk_options{.key = options_.log_key,
                                        .heads = options_.heads,
                                        .forks = options_.forks,
                                        .first = options.first};
    BULLA_TRY(walk, LogWalk::begin(log_, walk_options, report.log));
    std::optional<seal::MessageEntry> latest;
    bool wanted = true;
    while (wanted && walk.position() < walk.size()) {
        BULLA_TRY(rows, walk.next(options.batch, report.log));
        BULLA_TRY(jobs, gather(rows));
        if (!run(jobs, options)) {
            return report;
        }
        for (auto& job : jobs) {
            if (latest && out_of_order(*latest, job.entry)) {
                note_order(*latest, job.entry, job.report.findings);
            }
            if (!latest || latest->time < job.entry.time) {
                latest = job.entry;
            }
        }
        tell(jobs, options, report);
        report.next = walk.position();
        wanted = !options.progress ||
                 options.progress({walk.position(), walk.size(), report.messages, report.failed});
    }
    report.leaves = walk.position();
    report.complete = walk.position() == walk.size();
    if (report.complete) {
        BULLA_CHECK(walk.finish(report.log));
        BULLA_CHECK(check_strays(report.log));
    }
    return report;
}

Result<void> Verifier::check_strays(Findings& findings) const {
    MessageId last{};
    for (;;) {
        BULLA_TRY(places, catalogue_.places(last, rows_at_once));
        if (places.empty()) {
            return {};
        }
        for (const auto& place : places) {
            last = place.id;
            if (place.leaf < 0) {
                findings.bad(
                    "row",
                    fmt::format(
                        "message {} counts as archived, but its row names no leaf of the log",
                        place.id.text()));
                continue;
            }
            const auto leaf = static_cast<std::uint64_t>(place.leaf);
            BULLA_TRY(rows, log_.leaves(leaf, 1));
            const auto entry =
                rows.empty() ? Result<seal::MessageEntry>(fail("log.missing_leaf", Fault::us, ""))
                             : seal::parse_message_entry(rows.front().entry);
            if (!entry || entry->id != place.id) {
                findings.bad("row",
                             fmt::format("the row of message {} names leaf {}, which is {}",
                                         place.id.text(),
                                         leaf,
                                         entry ? "that of message " + entry->id.text()
                                               : std::string("not that of any message")));
            }
        }
    }
}

}  // namespace bulla::archive

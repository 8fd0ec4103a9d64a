#include "services/archive.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/table.h"

#include <algorithm>
#include <array>

namespace bulla::services {
namespace {

/// The first link of the chain message – signature – leaf – tree – checkpoint that does not hold; empty if all do.
std::string find_broken(const archive::Findings& findings) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> links{
        {{"record", "content"},
         {"catalogue", "content"},
         {"signature", "signature"},
         {"row", "leaf"},
         {"leaf", "leaf"},
         {"log", "tree"},
         {"checkpoint", "checkpoint"}}};
    for (const auto& [check, link] : links) {
        const bool is_bad = std::ranges::any_of(findings.list(), [&](const auto& finding) {
            return finding.outcome == archive::Outcome::bad && finding.check == check;
        });
        if (is_bad) {
            return std::string(link);
        }
    }
    return {};
}

}  // namespace

// {"id"} → Verification; what came of it is kept for lists if this process may write. Error: archive.no_message.
Result<json> verify_message(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(id, read_message_id(in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(reading, ArchiveReading::open(context));
    archive::Findings findings;
    BULLA_TRY(trust, reading.trust(context, findings));
    const bool with_signatures = trust.keys.verify_signatures;
    archive::Verifier verifier(
        reading.connection(), context.vault, reading.records(), std::move(trust));
    BULLA_TRY(report, verifier.verify_message(id));
    // What is wrong with the log as a whole is wrong with this message too.
    for (auto finding : findings.list()) {
        finding.check = finding.check == "log" ? "checkpoint" : finding.check;
        report.findings.add(std::move(finding));
    }
    const auto state = archive::decide_check_state(report, with_signatures);
    const auto now = context.clock.now();
    BULLA_TRY(stored, reading.catalogue().message(id));
    if (stored && context.sealer != nullptr) {
        BULLA_CHECK(commit_rows(context, [id, state, now](store::Tx& tx, const seal::Committed&) {
            return archive::save_check(tx, id, state, now);
        }));
    }
    json out{{"id", id.text()},
             {"state", state.check},
             {"seal", state.seal},
             {"at", json_time(now)},
             {"findings", describe_findings(report.findings)}};
    if (state.check == "failed" || state.seal == "cracked") {
        const auto broken = find_broken(report.findings);
        out["broken"] = broken.empty() ? "checkpoint" : broken;
    }
    return out;
}

}  // namespace bulla::services

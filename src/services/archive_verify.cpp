#include "services/archive.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/table.h"

#include <algorithm>
#include <array>

namespace bulla::services {
namespace {

json describe_findings(const archive::Findings& findings) {
    static constexpr std::array<std::string_view, 3> words{"ok", "note", "bad"};
    auto list = json::array();
    for (const auto& finding : findings.list()) {
        list.push_back({{"check", finding.check},
                        {"state", words.at(static_cast<std::size_t>(finding.outcome))},
                        {"text", finding.text}});
    }
    return list;
}

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
    archive::Verifier verifier(
        reading.connection(), context.vault, reading.records(), std::move(trust));
    BULLA_TRY(report, verifier.verify_message(id));
    BULLA_TRY(signatures, reading.catalogue().signatures(id));
    const bool good = report.verified() && !findings.any_bad();
    const std::string state = !good ? "failed" : signatures.empty() ? "unsigned" : "verified";
    const auto now = context.clock.now();
    BULLA_TRY(stored, reading.catalogue().message(id));
    if (stored && context.sealer != nullptr) {
        BULLA_CHECK(commit_rows(context, [id, state, now](store::Tx& tx, const seal::Committed&) {
            return archive::save_check(tx, id, state, now);
        }));
    }
    auto list = describe_findings(findings);
    for (auto& finding : describe_findings(report.findings)) {
        list.push_back(std::move(finding));
    }
    json out{
        {"id", id.text()}, {"state", state}, {"at", json_time(now)}, {"findings", std::move(list)}};
    if (!good) {
        const auto broken = find_broken(report.findings);
        out["broken"] = broken.empty() ? "checkpoint" : broken;
    }
    return out;
}

}  // namespace bulla::services

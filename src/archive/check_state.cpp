#include "archive/check_state.h"

#include <algorithm>

namespace bulla::archive {

CheckState decide_check_state(const MessageReport& report, bool with_signatures) {
    const bool is_cracked =
        report.findings.left_off() > 0 ||
        std::ranges::any_of(report.findings.list(), [](const Finding& finding) {
            return finding.outcome == Outcome::bad && finding.check != "signature";
        });
    CheckState state{.check = "verified", .seal = "whole"};
    if (!report.has_seal) {
        state.seal = "none";
    } else if (is_cracked) {
        state.seal = "cracked";
    }
    if (!with_signatures) {
        state.check = "disabled";
    } else if (report.has_seal && report.findings.any_bad()) {
        state.check = "failed";
    } else if (report.has_seal && report.findings.any_unchecked()) {
        state.check = "unchecked";
    } else if (!report.has_signer) {
        state.check = "unsigned";
    }
    return state;
}

}  // namespace bulla::archive

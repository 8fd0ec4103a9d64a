#pragma once
#include "archive/finding.h"

#include <string>

namespace bulla::archive {

/// What a verification of a message came to, in two words: about its signatures, and about all else.
struct CheckState {
    /// verified; failed (anything does not hold: no tick beside a subject that was changed); unsigned (ARC-10: a dash, no tick);
    /// disabled (ARC-10: signatures are not verified).
    std::string check;
    /// whole; cracked (message, row, leaf, tree or checkpoint do not fit together); none (it was not archived).
    std::string seal;
};

/// `with_signatures`: TrustedKeys::verify_signatures. Pure.
[[nodiscard]] CheckState decide_check_state(const MessageReport& report, bool with_signatures);

}  // namespace bulla::archive

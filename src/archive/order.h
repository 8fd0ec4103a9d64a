#pragma once
#include "archive/finding.h"
#include "seal/entry.h"

namespace bulla::archive {

/// True if `earlier`, which the log has before `later`, was received so long after it that commits alone do not explain it:
/// messages come into the log in the order of commits, and a large one takes a while from reception to commit.
[[nodiscard]] bool out_of_order(const seal::MessageEntry& earlier, const seal::MessageEntry& later);
/// Says so.
void note_order(const seal::MessageEntry& earlier,
                const seal::MessageEntry& later,
                Findings& findings);

}  // namespace bulla::archive

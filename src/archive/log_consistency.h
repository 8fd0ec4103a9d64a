#pragma once
#include "archive/log_rows.h"
#include "base/error.h"
#include "tlog/note.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::archive {

/// Whether the log goes on from a checkpoint that was kept, checked as somebody else would: with both checkpoints and the proof.
struct Consistency {
    bool consistent = false;
    std::string reason{};  ///< One sentence.
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::vector<tlog::Hash> proof{};
};

/// `note`: the checkpoint that was kept, under the present or a former name of the log. What is not signed by `key` is not consistent with
/// anything: an answer, no error. Errors: log.empty, those of tlog::open_checkpoint for the log's own last one, those of store.
[[nodiscard]] Result<Consistency> check_consistency(const LogRows& rows,
                                                    const tlog::VerifierKey& key,
                                                    std::string_view note);

}  // namespace bulla::archive

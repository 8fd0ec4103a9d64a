#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "tlog/hash.h"
#include "tlog/note.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulla::tlog {

/// A tree head (C2SP tlog-checkpoint).
struct Checkpoint {
    std::string origin;  ///< The log's name, such as "mail.example.test/bulla/1".
    std::uint64_t size = 0;
    Hash root{};
};

/// The three lines of a checkpoint.
[[nodiscard]] std::string write_checkpoint(const Checkpoint& checkpoint);
/// Reads the text of a checkpoint (extension lines are allowed and ignored). Error: checkpoint.bad.
[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view text);
/// Reads a signed checkpoint of the log that `key` belongs to. Errors: those of open_note, checkpoint.bad, checkpoint.other_log
/// (signed by the key, but its origin is not the key's name).
[[nodiscard]] Result<Checkpoint> open_checkpoint(std::string_view bytes, const VerifierKey& key);

}  // namespace bulla::tlog

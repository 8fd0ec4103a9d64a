#pragma once
#include "base/error.h"
#include "tlog/hash.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::tlog {

/// A proof that can be kept as a file and checked offline (C2SP tlog-proof): where a leaf stands, its inclusion proof, and the
/// signed checkpoint that the proof leads to.
struct ProofFile {
    std::string
        extra;  ///< Not authenticated by itself; bulla puts the leaf's entry here, whose hash the proof needs anyway.
    std::uint64_t index = 0;
    std::vector<Hash> hashes;
    std::string checkpoint;  ///< The signed note.
};

[[nodiscard]] std::string write_proof_file(const ProofFile& proof);
/// Error: proof.bad; limits: 256 KiB, 63 hashes. The checkpoint is not looked into: see open_checkpoint.
[[nodiscard]] Result<ProofFile> parse_proof_file(std::string_view text);

}  // namespace bulla::tlog

#pragma once
#include "base/error.h"
#include "tlog/hash.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace bulla::tlog {

/// Gives the hash of the complete subtree of 2^height leaves that begins at leaf index * 2^height. Height 0 = a leaf hash.
using ReadNode = std::function<Result<Hash>(unsigned height, std::uint64_t index)>;

/// The inclusion proof (RFC 9162 2.1.3.1) of leaf `index` in the tree of the first `size` leaves. Error: tlog.out_of_range and those of `read`.
[[nodiscard]] Result<std::vector<Hash>> make_inclusion_proof(std::uint64_t index,
                                                             std::uint64_t size,
                                                             const ReadNode& read);

/// The consistency proof (RFC 9162 2.1.4.1) between the trees of the first `from` and the first `to` leaves.
[[nodiscard]] Result<std::vector<Hash>> make_consistency_proof(std::uint64_t from,
                                                               std::uint64_t to,
                                                               const ReadNode& read);

/// The root of the first `size` leaves.
[[nodiscard]] Result<Hash> make_root(std::uint64_t size, const ReadNode& read);

/// True if `proof` shows that `leaf` is entry `index` of the tree of `size` leaves with `root` (RFC 9162 2.1.3.2).
[[nodiscard]] bool verify_inclusion(const Hash& leaf,
                                    std::uint64_t index,
                                    std::uint64_t size,
                                    std::span<const Hash> proof,
                                    const Hash& root);

/// True if `proof` shows that the tree (`from`, `old_root`) is a prefix of the tree (`to`, `new_root`) (RFC 9162 2.1.4.2).
[[nodiscard]] bool verify_consistency(std::uint64_t from,
                                      const Hash& old_root,
                                      std::uint64_t to,
                                      const Hash& new_root,
                                      std::span<const Hash> proof);

}  // namespace bulla::tlog

#pragma once
#include "base/error.h"

#include <array>
#include <string>
#include <string_view>

namespace bulla::tlog {

/// A node of the tree: SHA-256.
using Hash = std::array<char, 32>;

inline std::string_view view(const Hash& hash) {
    return {hash.data(), hash.size()};
}

/// RFC 9162 2.1.1: SHA-256(0x00 || entry).
[[nodiscard]] Hash leaf_hash(std::string_view entry);
/// RFC 9162 2.1.1: SHA-256(0x01 || left || right).
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);
/// The root of the empty tree: SHA-256 of nothing.
[[nodiscard]] Hash empty_root();

/// The text form of a hash everywhere outside of tiles: base64, 44 characters.
[[nodiscard]] std::string write_hash(const Hash& hash);
/// Reads what write_hash made. Error: hash.bad.
[[nodiscard]] Result<Hash> parse_hash(std::string_view text);

}  // namespace bulla::tlog

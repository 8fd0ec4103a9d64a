#pragma once
#include "crypto/digest.h"
#include "dkim/types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::dkim {

/// Appends the canonical form of one header field (RFC 6376 3.4.1, 3.4.2) with a CRLF at its end. `field` is the whole field; a missing
/// last CRLF is added.
void append_canonical_field(std::string& out, Canon canon, std::string_view field);

/// What came of hashing a body.
struct BodyDigest {
    crypto::Sha256 hash;
    std::uint64_t length = 0;  ///< Octets of the whole canonical body, also beyond `limit`.
};

/// SHA-256 of the canonical form of `body` (RFC 6376 3.4.3, 3.4.4, 3.7), of its first `limit` octets if given (l=, 3.4.5). Runs of the
/// input are hashed where they lie; nothing is copied but small pieces.
[[nodiscard]] BodyDigest digest_body(Canon canon,
                                     std::string_view body,
                                     std::optional<std::uint64_t> limit = std::nullopt);

/// The canonical form of `body` itself, for those who want to look at it.
[[nodiscard]] std::string canonical_body(Canon canon, std::string_view body);

}  // namespace bulla::dkim

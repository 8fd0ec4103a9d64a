#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::dkim {

/// How bytes are brought into the form that is hashed (RFC 6376 3.4).
enum class Canon : std::uint8_t { simple, relaxed };

/// The algorithms of RFC 6376 as RFC 8301 and RFC 8463 leave them; rsa-sha1 is neither signed nor verified.
enum class Algorithm : std::uint8_t { rsa_sha256, ed25519_sha256 };

/// RFC 8301 3.2: with RSA keys of fewer bits nobody signs, and nothing that they signed is valid.
inline constexpr std::size_t least_rsa_bits = 1024;

/// "simple" or "relaxed".
[[nodiscard]] std::string_view to_string(Canon canon);
/// The value of a=, such as "rsa-sha256".
[[nodiscard]] std::string_view to_string(Algorithm algorithm);

/// A pair of canonicalisations, header first.
struct CanonPair {
    Canon header = Canon::simple;
    Canon body = Canon::simple;

    auto operator<=>(const CanonPair&) const = default;
};

/// Reads the value of c=, such as "relaxed/simple"; the body's is simple if left out (RFC 6376 3.5). Nothing if it is no such value.
[[nodiscard]] std::optional<CanonPair> parse_canon_pair(std::string_view text);

}  // namespace bulla::dkim

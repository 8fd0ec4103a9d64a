#pragma once
#include <array>
#include <string_view>

namespace bulla::crypto {

/// HMAC-SHA-512 (RFC 2104), for TSIG (RFC 8945).
[[nodiscard]] std::array<char, 64> hmac_sha512(std::string_view key, std::string_view bytes);

}  // namespace bulla::crypto

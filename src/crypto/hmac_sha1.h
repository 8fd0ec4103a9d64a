#pragma once
#include <array>
#include <string_view>

namespace bulla::crypto {

/// HMAC-SHA-1 (RFC 2104), for one-time passwords by time (RFC 6238) and nothing else: authenticator programs know no other hash for sure.
[[nodiscard]] std::array<unsigned char, 20> hmac_sha1(std::string_view key, std::string_view bytes);

}  // namespace bulla::crypto

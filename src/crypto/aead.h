#pragma once
#include "base/error.h"

#include <string>
#include <string_view>

namespace bulla::crypto {

inline constexpr std::size_t aead_key_size = 32;
inline constexpr std::size_t aead_nonce_size = 12;
inline constexpr std::size_t aead_tag_size = 16;

/// Appends AES-256-GCM(key, nonce, plain, associated data) and its 16-octet tag to `out`. A key must never see a nonce twice.
/// `key` 32 octets, `nonce` 12 octets. May be called from any thread.
void aead_seal(std::string& out,
               std::string_view key,
               std::string_view nonce,
               std::string_view plain,
               std::string_view associated);

/// Opens what aead_seal made. On a wrong key, nonce, tag or associated data: Error aead.bad and not one octet of plaintext.
[[nodiscard]] Result<std::string> aead_open(std::string_view key,
                                            std::string_view nonce,
                                            std::string_view sealed,
                                            std::string_view associated);

}  // namespace bulla::crypto

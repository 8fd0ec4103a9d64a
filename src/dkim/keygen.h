#pragma once
#include "base/error.h"
#include "crypto/key.h"

#include <cstdint>
#include <memory>

namespace bulla::dkim {

/// RFC 8301 3.2: what every verifier must be able to check ends at 4096 bits; what signers should have begins at 2048.
inline constexpr std::int64_t least_key_bits = 2048;
inline constexpr std::int64_t most_key_bits = 4096;

/// Makes a key to sign mail with; `bits` is for rsa alone, 0 = 2048. Errors: dkim.key_type (neither rsa nor ed25519), dkim.no_bits (an
/// ed25519 key with bits), dkim.bad_bits. Any thread; a large RSA key takes seconds.
[[nodiscard]] Result<std::shared_ptr<crypto::PrivateKey>> make_key(crypto::KeyType type,
                                                                   std::int64_t bits);

/// Error dkim.bad_bits: an RSA key that not all verifiers must take.
[[nodiscard]] Result<void> check_key_bits(crypto::KeyType type, std::int64_t bits);

}  // namespace bulla::dkim

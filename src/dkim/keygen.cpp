#include "dkim/keygen.h"

#include <fmt/format.h>

namespace bulla::dkim {

Result<void> check_key_bits(crypto::KeyType type, std::int64_t bits) {
    // RFC 8301 3.2: "Verifiers MUST be able to validate signatures with keys ranging from 1024 bits to 4096 bits"
    if (type == crypto::KeyType::rsa && (bits < least_key_bits || bits > most_key_bits)) {
        return fail(
            "dkim.bad_bits",
            Fault::sender,
            fmt::format("an RSA key for DKIM has {} to {} bits", least_key_bits, most_key_bits),
            "RFC 8301 3.2");
    }
    return {};
}

Result<std::shared_ptr<crypto::PrivateKey>> make_key(crypto::KeyType type, std::int64_t bits) {
    if (type != crypto::KeyType::rsa && type != crypto::KeyType::ed25519) {
        return fail(
            "dkim.key_type", Fault::sender, "a DKIM key is of type rsa or ed25519", "RFC 8463 3");
    }
    if (type == crypto::KeyType::ed25519 && bits != 0) {
        return fail("dkim.no_bits",
                    Fault::sender,
                    "an ed25519 key has one size only: leave out the bits",
                    "RFC 8463 3");
    }
    if (bits != 0) {
        BULLA_CHECK(check_key_bits(type, bits));
    }
    return crypto::PrivateKey::generate(type, static_cast<std::size_t>(bits));
}

}  // namespace bulla::dkim

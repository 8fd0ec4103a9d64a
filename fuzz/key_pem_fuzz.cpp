// folders: crypto
// Hostile key files: whatever is taken as a key can be written, read again and used.
#include "crypto/key.h"

#include "target.h"

#include <cstdlib>

namespace crypto = bulla::crypto;

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto key = crypto::PrivateKey::parse_pem(text)) {
        const auto again = crypto::PrivateKey::parse_pem((*key)->pem().view());
        if (!again || (*again)->public_key().fingerprint() != (*key)->public_key().fingerprint()) {
            std::abort();
        }
    }
    auto key = crypto::PublicKey::parse_pem(text);
    if (!key) {
        key = crypto::PublicKey::parse_der(text, true);
    }
    if (key) {
        const auto again = crypto::PublicKey::parse_der(key->der());
        if (!again || again->fingerprint() != key->fingerprint()) {
            std::abort();
        }
        // No verdict is expected; it must only end soon and without a fault.
        (void)key->verify_message("message", std::string_view(text).substr(0, 512));
    }
    return 0;
}

// folders: pkcs11 crypto
// Hostile key URIs, and what a hostile token says of a public key: what is taken names a token and a key, holds no PIN and only absolute paths.
#include "pkcs11/public_half.h"
#include "pkcs11/uri.h"

#include "target.h"

#include <cstdlib>

namespace pkcs11 = bulla::pkcs11;

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto uri = pkcs11::KeyUri::parse(text)) {
        const auto is_path = [](const std::string& path) {
            return path.empty() || (path.front() == '/' && path.find('\n') == std::string::npos);
        };
        if (uri->text() != text || text.find("pin-value") != std::string_view::npos ||
            !is_path(uri->pin_file()) || !is_path(uri->module_path()) ||
            uri->key_template().size() < 2) {
            std::abort();
        }
        (void)uri->matches(CK_TOKEN_INFO{});
    }
    const auto point = pkcs11::read_ed25519_point(text);
    if (!point.empty() && point.size() != 32) {
        std::abort();
    }
    if (size >= 2 && size <= pkcs11::max_attribute_octets) {
        const auto cut = static_cast<std::size_t>(data[0]) % size;
        const auto der = pkcs11::write_rsa_public_key(text.substr(cut), text.substr(0, cut));
        (void)bulla::crypto::PublicKey::parse_der(der, true);
    }
    return 0;
}

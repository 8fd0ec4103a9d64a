#include "crypto/hmac_sha512.h"

#include "crypto/evp.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace bulla::crypto {

std::array<char, 64> hmac_sha512(std::string_view key, std::string_view bytes) {
    std::array<unsigned char, 64> mac{};
    std::size_t size = 0;
    const auto* done = EVP_Q_mac(nullptr,
                                 "HMAC",
                                 nullptr,
                                 "SHA512",
                                 nullptr,
                                 key.data(),
                                 key.size(),
                                 octets(bytes),
                                 bytes.size(),
                                 mac.data(),
                                 mac.size(),
                                 &size);
    if (done == nullptr || size != mac.size()) {
        throw std::runtime_error("OpenSSL refused HMAC");
    }
    std::array<char, 64> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<char>(mac[i]);
    }
    return out;
}

}  // namespace bulla::crypto

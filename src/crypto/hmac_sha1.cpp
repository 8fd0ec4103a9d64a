#include "crypto/hmac_sha1.h"

#include "crypto/evp.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace bulla::crypto {

std::array<unsigned char, 20> hmac_sha1(std::string_view key, std::string_view bytes) {
    std::array<unsigned char, 20> out{};
    std::size_t size = 0;
    const auto* done = EVP_Q_mac(nullptr,
                                 "HMAC",
                                 nullptr,
                                 "SHA1",
                                 nullptr,
                                 key.data(),
                                 key.size(),
                                 octets(bytes),
                                 bytes.size(),
                                 out.data(),
                                 out.size(),
                                 &size);
    if (done == nullptr || size != out.size()) {
        throw std::runtime_error("OpenSSL refused HMAC");
    }
    return out;
}

}  // namespace bulla::crypto

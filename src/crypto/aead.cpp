#include "crypto/aead.h"

#include "base/secret.h"
#include "crypto/evp.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <limits>
#include <stdexcept>

namespace bulla::crypto {
namespace {

const EVP_CIPHER* aes_256_gcm() {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    return cipher;
}

// A thread's context, so that sealing a small record allocates nothing; the destructor takes the key out of it again.
class Lease {
  public:
    Lease() : context_(thread_context()) {}

    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    ~Lease() {
        static constexpr unsigned char no_key[aead_key_size] = {};
        EVP_EncryptInit_ex2(context_, nullptr, no_key, nullptr, nullptr);
    }

    [[nodiscard]] EVP_CIPHER_CTX* get() const { return context_; }

  private:
    static EVP_CIPHER_CTX* thread_context() {
        static thread_local const CipherContext context(EVP_CIPHER_CTX_new());
        return context.get();
    }

    EVP_CIPHER_CTX* context_;
};

void check_sizes(std::string_view key, std::string_view nonce, std::string_view text) {
    if (key.size() != aead_key_size || nonce.size() != aead_nonce_size) {
        throw std::logic_error("AES-256-GCM: key or nonce of the wrong size");
    }
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) - aead_tag_size) {
        throw std::logic_error("AES-256-GCM: more than 2 GiB at once");
    }
}

std::unexpected<Error> bad() {
    ERR_clear_error();
    return fail("aead.bad",
                Fault::us,
                "sealed bytes do not open: they were changed, or this is not their key or place");
}

}  // namespace

void aead_seal(std::string& out,
               std::string_view key,
               std::string_view nonce,
               std::string_view plain,
               std::string_view associated) {
    check_sizes(key, nonce, plain);
    const Lease lease;
    auto* context = lease.get();
    require(EVP_EncryptInit_ex2(context, aes_256_gcm(), octets(key), octets(nonce), nullptr),
            "GCM");
    int length = 0;
    if (!associated.empty()) {
        const auto size = static_cast<int>(associated.size());
        require(EVP_EncryptUpdate(context, nullptr, &length, octets(associated), size), "GCM");
    }
    const auto start = out.size();
    out.resize(start + plain.size() + aead_tag_size);
    auto* place = octets(out) + start;
    if (!plain.empty()) {
        const auto size = static_cast<int>(plain.size());
        require(EVP_EncryptUpdate(context, place, &length, octets(plain), size), "GCM");
    }
    require(EVP_EncryptFinal_ex(context, place + plain.size(), &length), "GCM");
    require(
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, aead_tag_size, place + plain.size()),
        "GCM");
}

Result<std::string> aead_open(std::string_view key,
                              std::string_view nonce,
                              std::string_view sealed,
                              std::string_view associated) {
    check_sizes(key, nonce, sealed.substr(std::min(sealed.size(), aead_tag_size)));
    if (sealed.size() < aead_tag_size) {
        return bad();
    }
    const auto cipher = sealed.substr(0, sealed.size() - aead_tag_size);
    std::string tag(sealed.substr(cipher.size()));
    const Lease lease;
    auto* context = lease.get();
    require(EVP_DecryptInit_ex2(context, aes_256_gcm(), octets(key), octets(nonce), nullptr),
            "GCM");
    require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, aead_tag_size, tag.data()), "GCM");
    int length = 0;
    if (!associated.empty()) {
        const auto size = static_cast<int>(associated.size());
        require(EVP_DecryptUpdate(context, nullptr, &length, octets(associated), size), "GCM");
    }
    std::string plain(cipher.size(), '\0');
    if (!cipher.empty()) {
        const auto size = static_cast<int>(cipher.size());
        require(EVP_DecryptUpdate(context, octets(plain), &length, octets(cipher), size), "GCM");
    }
    // Until here the plaintext is unauthenticated: it leaves this function only if the tag is right.
    unsigned char none[1];
    if (EVP_DecryptFinal_ex(context, none, &length) != 1) {
        wipe(plain.data(), plain.size());
        return bad();
    }
    return plain;
}

}  // namespace bulla::crypto

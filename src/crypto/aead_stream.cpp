#include "crypto/aead_stream.h"

#include "base/secret.h"
#include "crypto/evp.h"

#include <openssl/err.h>

#include <algorithm>
#include <stdexcept>

namespace bulla::crypto {
namespace {

constexpr std::size_t step = 1U << 30U;  // OpenSSL counts in int

const EVP_CIPHER* aes_256_gcm() {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    return cipher;
}

/// A context of this thread, given back without the key in it.
class Lease {
  public:
    Lease() : context_(std::move(spare())) {
        if (context_ == nullptr) {
            context_.reset(EVP_CIPHER_CTX_new());
        }
    }

    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    ~Lease() {
        static constexpr unsigned char no_key[aead_key_size] = {};
        EVP_EncryptInit_ex2(context_.get(), nullptr, no_key, nullptr, nullptr);
        spare() = std::move(context_);
    }

    [[nodiscard]] EVP_CIPHER_CTX* get() const { return context_.get(); }

  private:
    static CipherContext& spare() {
        thread_local CipherContext context;
        return context;
    }

    CipherContext context_;
};

void check_sizes(std::string_view key, std::string_view nonce) {
    if (key.size() != aead_key_size || nonce.size() != aead_nonce_size) {
        throw std::logic_error("AES-256-GCM: key or nonce of the wrong size");
    }
}

/// Runs `update` of either direction over `size` octets in place.
template <class Update>
void in_steps(Update update, EVP_CIPHER_CTX* context, char* data, std::size_t size) {
    while (size > 0) {
        const auto part = std::min(size, step);
        auto* place = reinterpret_cast<unsigned char*>(data);
        int length = 0;
        require(update(context, place, &length, place, static_cast<int>(part)), "GCM");
        data += part;
        size -= part;
    }
}

}  // namespace

struct AeadStream::Impl {
    Lease lease;
};

AeadStream::AeadStream(std::string_view key, std::string_view nonce, std::string_view associated)
    : impl_(std::make_unique<Impl>()) {
    check_sizes(key, nonce);
    auto* context = impl_->lease.get();
    require(EVP_EncryptInit_ex2(context, aes_256_gcm(), octets(key), octets(nonce), nullptr),
            "GCM");
    if (!associated.empty()) {
        int length = 0;
        require(
            EVP_EncryptUpdate(
                context, nullptr, &length, octets(associated), static_cast<int>(associated.size())),
            "GCM");
    }
}

AeadStream::~AeadStream() = default;

void AeadStream::update(char* data, std::size_t size) {
    in_steps(EVP_EncryptUpdate, impl_->lease.get(), data, size);
}

std::array<char, aead_tag_size> AeadStream::finish() {
    std::array<char, aead_tag_size> tag{};
    unsigned char none[1];
    int length = 0;
    auto* context = impl_->lease.get();
    require(EVP_EncryptFinal_ex(context, none, &length), "GCM");
    require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, aead_tag_size, tag.data()), "GCM");
    return tag;
}

Result<void> aead_open_in_place(std::string& sealed,
                                std::string_view key,
                                std::string_view nonce,
                                std::string_view associated) {
    check_sizes(key, nonce);
    const auto bad = [&sealed] {
        wipe(sealed.data(), sealed.size());
        sealed.clear();
        ERR_clear_error();
        return fail(
            "aead.bad",
            Fault::us,
            "sealed bytes do not open: they were changed, or this is not their key or place");
    };
    if (sealed.size() < aead_tag_size) {
        return bad();
    }
    const auto size = sealed.size() - aead_tag_size;
    const Lease lease;
    auto* context = lease.get();
    require(EVP_DecryptInit_ex2(context, aes_256_gcm(), octets(key), octets(nonce), nullptr),
            "GCM");
    require(
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, aead_tag_size, sealed.data() + size),
        "GCM");
    int length = 0;
    if (!associated.empty()) {
        require(
            EVP_DecryptUpdate(
                context, nullptr, &length, octets(associated), static_cast<int>(associated.size())),
            "GCM");
    }
    in_steps(EVP_DecryptUpdate, context, sealed.data(), size);
    unsigned char none[1];
    if (EVP_DecryptFinal_ex(context, none, &length) != 1) {
        return bad();
    }
    sealed.resize(size);
    return {};
}

}  // namespace bulla::crypto

#include "crypto/digest.h"

#include "crypto/evp.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <stdexcept>

namespace bulla::crypto {
namespace {

using Mac = std::unique_ptr<EVP_MAC_CTX, Freer<EVP_MAC_CTX_free>>;
using Kdf = std::unique_ptr<EVP_KDF_CTX, Freer<EVP_KDF_CTX_free>>;

EVP_MD_CTX* thread_context() {
    static thread_local const DigestContext context(EVP_MD_CTX_new());
    return context.get();
}

unsigned char* octets(Sha256& digest) {
    return reinterpret_cast<unsigned char*>(digest.data());
}

// OpenSSL's parameter lists take pointers to non-const for input as well.
char* unconst(std::string_view text) {
    return const_cast<char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

Mac make_hmac() {
    // Fetched once for the whole process and never freed: it has to outlive every thread.
    static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    return Mac(EVP_MAC_CTX_new(hmac));
}

}  // namespace

void require(int result, const char* what) {
    if (result != 1) {
        ERR_clear_error();
        throw std::runtime_error(std::string("OpenSSL refused ") + what);
    }
}

const EVP_MD* sha256_md() {
    static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return md;
}

const EVP_MD* sha384_md() {
    static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA384", nullptr);
    return md;
}

Sha256 sha256(std::string_view bytes) {
    Sha256 digest;
    auto* context = thread_context();
    require(EVP_DigestInit_ex2(context, sha256_md(), nullptr), "SHA-256");
    require(EVP_DigestUpdate(context, bytes.data(), bytes.size()), "SHA-256");
    require(EVP_DigestFinal_ex(context, octets(digest), nullptr), "SHA-256");
    return digest;
}

struct Sha256Stream::Impl {
    DigestContext context{EVP_MD_CTX_new()};
};

Sha256Stream::Sha256Stream() : impl_(std::make_unique<Impl>()) {
    require(EVP_DigestInit_ex2(impl_->context.get(), sha256_md(), nullptr), "SHA-256");
}

Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::update(std::string_view bytes) {
    require(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()), "SHA-256");
}

Sha256 Sha256Stream::finish() {
    Sha256 digest;
    require(EVP_DigestFinal_ex(impl_->context.get(), octets(digest), nullptr), "SHA-256");
    require(EVP_DigestInit_ex2(impl_->context.get(), sha256_md(), nullptr), "SHA-256");
    return digest;
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
    static thread_local const Mac context = make_hmac();
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, unconst("SHA256"), 0),
        OSSL_PARAM_construct_end()};
    // A null pointer would mean "the key of before".
    const auto* start = key.empty() ? octets("") : octets(key);
    require(EVP_MAC_init(context.get(), start, key.size(), parameters), "HMAC");
    require(EVP_MAC_update(context.get(), octets(bytes), bytes.size()), "HMAC");
    Sha256 digest;
    std::size_t size = 0;
    require(EVP_MAC_final(context.get(), octets(digest), &size, digest.size()), "HMAC");
    return digest;
}

std::string hkdf_sha256(std::string_view key,
                        std::string_view salt,
                        std::string_view info,
                        std::size_t size) {
    // RFC 5869 2.3: "L length of output keying material in octets (<= 255*HashLen)"
    if (size == 0 || size > std::size_t{255} * 32) {
        throw std::logic_error("HKDF: size out of range");
    }
    static EVP_KDF* const hkdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
    const Kdf context(EVP_KDF_CTX_new(hkdf));
    OSSL_PARAM parameters[5] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, unconst("SHA256"), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, unconst(key), key.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, unconst(info), info.size()),
        OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end()};
    // RFC 5869 2.2: "if not provided, it is set to a string of HashLen zeros": OpenSSL does that to a salt left out.
    if (!salt.empty()) {
        parameters[3] =
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, unconst(salt), salt.size());
    }
    std::string out(size, '\0');
    require(EVP_KDF_derive(context.get(), octets(out), out.size(), parameters), "HKDF");
    return out;
}

}  // namespace bulla::crypto

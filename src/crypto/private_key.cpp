#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/key_impl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <stdexcept>

namespace bulla::crypto {
namespace {

constexpr int dsa_q_bits = 256;

Result<void> check_strength(const PublicKey& key) {
    if (key.type() == KeyType::rsa && key.bits() < 1024) {
        // RFC 8301 3.2: "Signers MUST use RSA keys of at least 1024 bits for all keys."
        return refuse_key("key.weak", "RSA keys to sign with need at least 1024 bits");
    }
    if (key.type() != KeyType::dsa) {
        return {};
    }
    BIGNUM* q = nullptr;
    require(EVP_PKEY_get_bn_param(key.impl().pkey.get(), "q", &q), "DSA's q");
    const auto bits = BN_num_bits(q);
    BN_free(q);
    if (key.bits() < 1024 || bits < 160) {
        return refuse_key("key.weak",
                          "DSA keys to sign with need at least 1024 bits, and q at least 160");
    }
    return {};
}

Result<Pkey> make_dsa(std::size_t bits) {
    const PkeyContext parameters(EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr));
    EVP_PKEY* group = nullptr;
    if (EVP_PKEY_paramgen_init(parameters.get()) != 1 ||
        EVP_PKEY_CTX_set_dsa_paramgen_bits(parameters.get(), static_cast<int>(bits)) != 1 ||
        EVP_PKEY_CTX_set_dsa_paramgen_q_bits(parameters.get(), dsa_q_bits) != 1 ||
        EVP_PKEY_paramgen(parameters.get(), &group) != 1) {
        return refuse_key("key.unsupported", "DSA parameters of this size cannot be made");
    }
    const Pkey owned(group);
    const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, group, nullptr));
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_keygen_init(context.get()) != 1 || EVP_PKEY_keygen(context.get(), &key) != 1) {
        return refuse_key("key.unsupported", "no DSA key could be made");
    }
    return Pkey(key);
}

Pkey make_pkey(KeyType type, std::size_t bits) {
    switch (type) {
        case KeyType::rsa:
            return Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
        case KeyType::p256:
            return Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
        case KeyType::p384:
            return Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"));
        case KeyType::ed25519:
        case KeyType::dsa:
            break;
    }
    return Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

Result<std::string> sign_prepared(const PrivateKey::Impl& impl, std::string_view digest) {
    auto context = impl.signers.take();
    if (!context) {
        context.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, impl.pkey.get(), nullptr));
        require(EVP_PKEY_sign_init(context.get()), "signing");
        set_scheme(context.get(), impl.public_key.type());
    }
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(impl.pkey.get())), '\0');
    auto size = signature.size();
    if (EVP_PKEY_sign(context.get(), octets(signature), &size, octets(digest), digest.size()) !=
        1) {
        return refuse_key("key.sign_failed", "the key refused to sign");
    }
    impl.signers.give(std::move(context));
    signature.resize(size);
    return signature;
}

}  // namespace

Result<std::shared_ptr<PrivateKey>> make_private_key(Pkey pkey) {
    // Judged before anything is computed with it: a hostile size costs time.
    BULLA_CHECK(decide_type(*pkey));
    BULLA_TRY(half, public_half(*pkey));
    BULLA_CHECK(check_strength(half));
    auto impl = std::make_unique<PrivateKey::Impl>(std::move(pkey), std::move(half));
    auto key = std::make_shared<PrivateKey>(std::move(impl));
    // A file can hold a public half that is not of the private one: then all that it signs is worthless.
    const auto proof = key->sign_message("bulla");
    if (!proof || !key->public_key().verify_message("bulla", *proof)) {
        return refuse_key("key.bad_pem", "the private and the public half of the key do not match");
    }
    return key;
}

PrivateKey::PrivateKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

PrivateKey::~PrivateKey() = default;

Result<std::shared_ptr<PrivateKey>> PrivateKey::generate(KeyType type, std::size_t bits) {
    const auto size = bits == 0 ? 2048 : bits;
    if (type == KeyType::rsa && (size < 2048 || size > 8192)) {
        return refuse_key("key.unsupported", "RSA keys are made with 2048 to 8192 bits");
    }
    if (type == KeyType::dsa) {
        if (size != 2048 && size != 3072 && size != 4096) {
            return refuse_key("key.unsupported", "DSA keys are made with 2048, 3072 or 4096 bits");
        }
        BULLA_TRY(key, make_dsa(size));
        return make_private_key(std::move(key));
    }
    auto key = make_pkey(type, size);
    if (!key) {
        return refuse_key("key.unsupported", "no key of this type and size could be made");
    }
    return make_private_key(std::move(key));
}

SecretBytes PrivateKey::pem() const {
    // Memory of this kind is wiped when it is freed or grows.
    const Bio out(BIO_new(BIO_s_secmem()));
    require(PEM_write_bio_PKCS8PrivateKey(
                out.get(), impl_->pkey.get(), nullptr, nullptr, 0, nullptr, nullptr),
            "PKCS#8");
    char* start = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &start);
    return SecretBytes(std::string(start, static_cast<std::size_t>(size)));
}

const PublicKey& PrivateKey::public_key() const {
    return impl_->public_key;
}

Result<std::string> PrivateKey::sign_digest(std::string_view digest) const {
    if (impl_->public_key.type() == KeyType::ed25519 || digest.size() != 32) {
        throw std::logic_error("sign_digest: an ed25519 key, or no SHA-256 digest");
    }
    return sign_prepared(*impl_, digest);
}

Result<std::string> PrivateKey::sign_message(std::string_view message) const {
    const auto type = impl_->public_key.type();
    if (type != KeyType::ed25519) {
        return sign_prepared(*impl_, message_digest(type, message));
    }
    auto context = impl_->ed25519_signers.take();
    if (!context) {
        context.reset(EVP_MD_CTX_new());
    }
    std::string signature(64, '\0');
    auto size = signature.size();
    auto* pkey = impl_->pkey.get();
    if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey) != 1 ||
        EVP_DigestSign(context.get(), octets(signature), &size, octets(message), message.size()) !=
            1) {
        return refuse_key("key.sign_failed", "the key refused to sign");
    }
    impl_->ed25519_signers.give(std::move(context));
    return signature;
}

}  // namespace bulla::crypto

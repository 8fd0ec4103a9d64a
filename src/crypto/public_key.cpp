#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/key_impl.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <array>
#include <stdexcept>

namespace bulla::crypto {
namespace {

constexpr std::size_t ed25519_key_size = 32;

struct TypeName {
    KeyType type;
    std::string_view name;
};

constexpr std::array<TypeName, 5> type_names{{{KeyType::rsa, "rsa"},
                                              {KeyType::ed25519, "ed25519"},
                                              {KeyType::p256, "p256"},
                                              {KeyType::p384, "p384"},
                                              {KeyType::dsa, "dsa"}}};

std::size_t parameter_bits(const EVP_PKEY& pkey, const char* name) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(&pkey, name, &number) != 1) {
        ERR_clear_error();
        return 0;
    }
    const auto bits = BN_num_bits(number);
    BN_clear_free(number);
    return static_cast<std::size_t>(bits);
}

Result<KeyType> decide_rsa(const EVP_PKEY& pkey) {
    const auto bits = EVP_PKEY_get_bits(&pkey);
    // Cost grows with the square of the modulus and with the exponent, and both come from strangers: bound them.
    if (bits < 512 || bits > 8192 || parameter_bits(pkey, OSSL_PKEY_PARAM_RSA_E) > 64) {
        return refuse_key("key.unsupported",
                          "RSA keys of 512 to 8192 bits with an exponent of at most 64 bits are "
                          "supported");
    }
    return KeyType::rsa;
}

Result<KeyType> decide_ec(const EVP_PKEY& pkey) {
    std::array<char, 64> name{};
    std::size_t size = 0;
    if (EVP_PKEY_get_group_name(&pkey, name.data(), name.size(), &size) == 1) {
        const std::string_view group(name.data(), size);
        if (group == "prime256v1") {
            return KeyType::p256;
        }
        if (group == "secp384r1") {
            return KeyType::p384;
        }
    }
    return refuse_key("key.unsupported",
                      "elliptic curve keys on P-256 and P-384 are supported, and no others");
}

Result<KeyType> decide_dsa(const EVP_PKEY& pkey) {
    const auto p_bits = parameter_bits(pkey, OSSL_PKEY_PARAM_FFC_P);
    const auto q_bits = parameter_bits(pkey, OSSL_PKEY_PARAM_FFC_Q);
    // FIPS 186-4 4.2 names the sizes of q; less than 160 bits is refused as weak where a private key is read.
    if (p_bits < 512 || p_bits > 4096 || q_bits < 1 || q_bits > 256 || q_bits >= p_bits ||
        EVP_PKEY_missing_parameters(&pkey) != 0) {
        return refuse_key("key.unsupported",
                          "DSA keys of 512 to 4096 bits with parameters of their own and q of at "
                          "most 256 bits are supported");
    }
    return KeyType::dsa;
}

}  // namespace

std::string_view to_string(KeyType type) {
    for (const auto& known : type_names) {
        if (known.type == type) {
            return known.name;
        }
    }
    return "rsa";
}

Result<KeyType> parse_key_type(std::string_view text) {
    for (const auto& known : type_names) {
        if (known.name == text) {
            return known.type;
        }
    }
    return fail(
        "key.unsupported", Fault::us, "the key type is none of rsa, ed25519, p256, p384 and dsa");
}

std::unexpected<Error> refuse_key(std::string_view code, std::string text) {
    ERR_clear_error();
    return fail(code, Fault::us, std::move(text));
}

Result<KeyType> decide_type(const EVP_PKEY& pkey) {
    switch (EVP_PKEY_get_base_id(&pkey)) {
        case EVP_PKEY_RSA:
            return decide_rsa(pkey);
        case EVP_PKEY_EC:
            return decide_ec(pkey);
        case EVP_PKEY_DSA:
            return decide_dsa(pkey);
        case EVP_PKEY_ED25519:
            return KeyType::ed25519;
        default:
            return refuse_key("key.unsupported",
                              "the key is of none of the types rsa, ed25519, p256, p384 and dsa");
    }
}

Result<PublicKey> make_public_key(Pkey pkey) {
    BULLA_TRY(type, decide_type(*pkey));
    auto impl = std::make_shared<PublicKey::Impl>();
    impl->type = type;
    impl->bits = static_cast<std::size_t>(EVP_PKEY_get_bits(pkey.get()));
    const auto size = i2d_PUBKEY(pkey.get(), nullptr);
    if (size <= 0) {
        return refuse_key("key.unsupported", "the public key has no standard encoding");
    }
    impl->der.resize(static_cast<std::size_t>(size));
    auto* end = octets(impl->der);
    i2d_PUBKEY(pkey.get(), &end);
    impl->fingerprint = hex_encode(view(sha256(impl->der)));
    impl->pkey = std::move(pkey);
    return PublicKey(std::move(impl));
}

std::string message_digest(KeyType type, std::string_view message) {
    if (type != KeyType::p384) {
        return std::string(view(sha256(message)));
    }
    std::string digest(48, '\0');
    require(
        EVP_Digest(message.data(), message.size(), octets(digest), nullptr, sha384_md(), nullptr),
        "SHA-384");
    return digest;
}

void set_scheme(EVP_PKEY_CTX* context, KeyType type) {
    // ECDSA and DSA take a digest of any length and cut it to the size of the group (FIPS 186-4 4.6, 6.4).
    if (type == KeyType::rsa) {
        require(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), "RSA padding");
        require(EVP_PKEY_CTX_set_signature_md(context, sha256_md()), "RSA digest");
    }
}

KeyType PublicKey::type() const {
    return impl_->type;
}

std::size_t PublicKey::bits() const {
    return impl_->bits;
}

std::string PublicKey::der() const {
    return impl_->der;
}

const std::string& PublicKey::fingerprint() const {
    return impl_->fingerprint;
}

std::string PublicKey::pem() const {
    const auto text = base64_encode(impl_->der);
    std::string out = "-----BEGIN PUBLIC KEY-----\n";
    // RFC 7468 2: "Generators MUST wrap the base64-encoded lines so that each line consists of exactly 64 characters"
    for (std::size_t at = 0; at < text.size(); at += 64) {
        out.append(text, at, 64).push_back('\n');
    }
    return out + "-----END PUBLIC KEY-----\n";
}

std::string PublicKey::ed25519_raw() const {
    std::string raw(ed25519_key_size, '\0');
    auto size = raw.size();
    require(EVP_PKEY_get_raw_public_key(impl_->pkey.get(), octets(raw), &size), "a raw key");
    return raw;
}

namespace {

bool verify_prepared(const PublicKey::Impl& impl,
                     std::string_view digest,
                     std::string_view signature) {
    auto context = impl.verifiers.take();
    if (!context) {
        context.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, impl.pkey.get(), nullptr));
        require(EVP_PKEY_verify_init(context.get()), "verification");
        set_scheme(context.get(), impl.type);
    }
    const auto good =
        EVP_PKEY_verify(
            context.get(), octets(signature), signature.size(), octets(digest), digest.size()) == 1;
    if (!good) {
        ERR_clear_error();
    }
    impl.verifiers.give(std::move(context));
    return good;
}

}  // namespace

bool PublicKey::verify_digest(std::string_view digest, std::string_view signature) const {
    if (impl_->type == KeyType::ed25519 || digest.size() != 32) {
        throw std::logic_error("verify_digest: an ed25519 key, or no SHA-256 digest");
    }
    return verify_prepared(*impl_, digest, signature);
}

bool PublicKey::verify_message(std::string_view message, std::string_view signature) const {
    if (impl_->type != KeyType::ed25519) {
        return verify_prepared(*impl_, message_digest(impl_->type, message), signature);
    }
    auto context = impl_->ed25519_verifiers.take();
    if (!context) {
        context.reset(EVP_MD_CTX_new());
    }
    require(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, impl_->pkey.get()),
            "verification");
    const auto good =
        EVP_DigestVerify(
            context.get(), octets(signature), signature.size(), octets(message), message.size()) ==
        1;
    if (!good) {
        ERR_clear_error();
    }
    impl_->ed25519_verifiers.give(std::move(context));
    return good;
}

}  // namespace bulla::crypto

#pragma once
#include "crypto/evp.h"
#include "crypto/key.h"

#include <openssl/evp.h>

#include <string>

namespace bulla::crypto {

/// The most octets of a key file, PEM or DER, that are looked at.
inline constexpr std::size_t max_key_octets = std::size_t{64} * 1024;

struct PublicKey::Impl {
    Pkey pkey;
    KeyType type = KeyType::rsa;
    std::size_t bits = 0;
    std::string der;
    std::string fingerprint;
    mutable ContextPool<PkeyContext> verifiers;
    mutable ContextPool<DigestContext> ed25519_verifiers;
};

struct PrivateKey::Impl {
    Pkey pkey;
    PublicKey public_key;
    mutable ContextPool<PkeyContext> signers;
    mutable ContextPool<DigestContext> ed25519_signers;
};

/// Judges type, size and parameters of a key that OpenSSL has read. Errors: key.unsupported.
[[nodiscard]] Result<KeyType> decide_type(const EVP_PKEY& pkey);

/// Takes a public key that OpenSSL has read. Errors: key.unsupported.
[[nodiscard]] Result<PublicKey> make_public_key(Pkey pkey);

/// The public half of `pkey`, sharing nothing with it. Errors: key.unsupported.
[[nodiscard]] Result<PublicKey> public_half(const EVP_PKEY& pkey);

/// Takes a private key that OpenSSL has read and tries it once. Errors: key.unsupported, key.weak, key.bad_pem (halves do not match).
[[nodiscard]] Result<std::shared_ptr<PrivateKey>> make_private_key(Pkey pkey);

/// SHA-256 or, for P-384, SHA-384 of `message`: what verify_message and sign_message sign for all types but ed25519.
[[nodiscard]] std::string message_digest(KeyType type, std::string_view message);

/// What OpenSSL needs to know beyond the key: RSA's padding and hash. `context` is initialised for signing or verifying.
void set_scheme(EVP_PKEY_CTX* context, KeyType type);

/// The refusal of a key, after emptying OpenSSL's error queue (its texts speak of internals, not of the input).
[[nodiscard]] std::unexpected<Error> refuse_key(std::string_view code, std::string text);

}  // namespace bulla::crypto

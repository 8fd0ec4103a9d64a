#pragma once
#include "base/error.h"
#include "base/secret.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace bulla::crypto {

/// What a key is for and how large. `name()` gives the words of the command line: rsa, ed25519, p256, p384, dsa.
enum class KeyType { rsa, ed25519, p256, p384, dsa };

[[nodiscard]] std::string_view to_string(KeyType type);
[[nodiscard]] Result<KeyType> parse_key_type(std::string_view text);

/// A parsed public key; immutable, cheap to copy, may be used from any thread at once. Parsing costs as much as several verifications:
/// keep it.
class PublicKey {
  public:
    struct Impl;

    explicit PublicKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

    /// Reads a PEM SubjectPublicKeyInfo ("BEGIN PUBLIC KEY"). Errors: key.bad_pem, key.unsupported.
    [[nodiscard]] static Result<PublicKey> parse_pem(std::string_view pem);
    /// Reads a DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7), or, if `rsa_pkcs1` allows, a bare RSAPublicKey (RFC 8017 A.1.1).
    /// Errors: key.bad_der, key.unsupported.
    [[nodiscard]] static Result<PublicKey> parse_der(std::string_view der, bool rsa_pkcs1 = false);
    /// The 32 octets of an Ed25519 key (RFC 8032). Error: key.bad_der.
    [[nodiscard]] static Result<PublicKey> from_ed25519(std::string_view raw);

    [[nodiscard]] KeyType type() const;
    [[nodiscard]] std::size_t bits() const;
    [[nodiscard]] std::string pem() const;
    [[nodiscard]] std::string der() const;
    /// The 32 octets; only for ed25519.
    [[nodiscard]] std::string ed25519_raw() const;
    /// SHA-256 of the DER SubjectPublicKeyInfo, 64 hex digits: how a signature names its key.
    [[nodiscard]] const std::string& fingerprint() const;

    /// True if `signature` is this key's over the SHA-256 `digest` (32 octets): RSA PKCS#1 v1.5 (RFC 8017 8.2), ECDSA and DSA as DER.
    /// Not for ed25519, which signs the message: see verify_message.
    [[nodiscard]] bool verify_digest(std::string_view digest, std::string_view signature) const;
    /// True if `signature` is this key's over `message`: Ed25519 as it is (RFC 8032 5.1), all others over SHA-256 (P-384 over SHA-384).
    [[nodiscard]] bool verify_message(std::string_view message, std::string_view signature) const;

    [[nodiscard]] const Impl& impl() const { return *impl_; }

  private:
    std::shared_ptr<const Impl> impl_;
};

/// Whatever can sign: a key in memory, or in a token (pkcs11/token_key.h). May be used from any thread at once.
class Signer {
  public:
    Signer() = default;
    Signer(const Signer&) = delete;
    Signer& operator=(const Signer&) = delete;
    virtual ~Signer() = default;
    [[nodiscard]] virtual const PublicKey& public_key() const = 0;
    /// Signature over the SHA-256 `digest` (32 octets), in the form that PublicKey::verify_digest reads. Not for ed25519.
    /// Error: key.sign_failed.
    [[nodiscard]] virtual Result<std::string> sign_digest(std::string_view digest) const = 0;
    /// Signature over `message`, in the form that PublicKey::verify_message reads. Error: key.sign_failed.
    [[nodiscard]] virtual Result<std::string> sign_message(std::string_view message) const = 0;
};

/// A private key in memory.
class PrivateKey final : public Signer {
  public:
    struct Impl;
    explicit PrivateKey(std::unique_ptr<Impl> impl);
    ~PrivateKey() override;

    /// Makes a key. `bits` counts for rsa (2048…8192) and dsa (2048, 3072, 4096); 0 = the default (2048).
    /// DSA takes seconds: its parameters are new primes. Error: key.unsupported.
    [[nodiscard]] static Result<std::shared_ptr<PrivateKey>> generate(KeyType type,
                                                                      std::size_t bits = 0);
    /// Reads PEM: "PRIVATE KEY" (PKCS#8), "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY" (as openssl gendsa writes them).
    /// Errors: key.bad_pem, key.encrypted, key.unsupported, key.weak (RSA or DSA < 1024, DSA q < 160).
    /// RSA is read up to 8192 bits, DSA up to 4096. A test signature shows that both halves match.
    [[nodiscard]] static Result<std::shared_ptr<PrivateKey>> parse_pem(std::string_view pem);
    /// PKCS#8 PEM.
    [[nodiscard]] SecretBytes pem() const;

    [[nodiscard]] const PublicKey& public_key() const override;
    [[nodiscard]] Result<std::string> sign_digest(std::string_view digest) const override;
    [[nodiscard]] Result<std::string> sign_message(std::string_view message) const override;

  private:
    std::unique_ptr<Impl> impl_;
};

/// Reads a private key file of at most 64 KiB; refuses one that group or others can read unless `allow_readable`.
/// Errors: key.unreadable, key.world_readable and those of parse_pem, each with the path.
[[nodiscard]] Result<std::shared_ptr<PrivateKey>> load_private_key(const std::string& path,
                                                                   bool allow_readable = false);
/// Reads a public key file (PEM). Errors: key.unreadable and those of parse_pem.
[[nodiscard]] Result<PublicKey> load_public_key(const std::string& path);

}  // namespace bulla::crypto

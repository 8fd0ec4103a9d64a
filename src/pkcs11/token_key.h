#pragma once
#include "base/error.h"
#include "crypto/key.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::pkcs11 {

class Library;

/// A key URI has no more octets.
inline constexpr std::size_t max_uri_octets = 1024;

/// True for what begins like the URI of a key in a token.
[[nodiscard]] bool is_token_uri(std::string_view text);

/// What a key URI may make this program do.
struct Access {
    /// Libraries that module-path may name, absolute: whoever names one runs its code. Those that p11-kit's configuration names need none.
    std::vector<std::string> modules{};
    /// Signatures at once with one key; more wait for their turn.
    std::size_t most_sessions = 16;
    /// Takes the place of loading a library, in tests; empty: it is loaded.
    std::function<Result<std::shared_ptr<const Library>>()> load{};
};

/// A private key that stays in a PKCS#11 token and signs there: rsa or ed25519. The sessions are opened when they are needed, and once more
/// after the token was reset, pulled out or put back; a signature just tried is tried once more then. The PIN is read from its file for each
/// log-in and never kept; a PIN that the token has refused is not tried again until the file changes, so that mail never locks a token.
/// May be used from any thread; a signature blocks for as long as the token takes.
/// Errors of signing, all Fault::us: pkcs11.module, pkcs11.token_away, pkcs11.two_tokens, pkcs11.no_pin, pkcs11.pin_file, pkcs11.pin_wrong,
/// pkcs11.pin_locked, pkcs11.no_key, pkcs11.two_keys, pkcs11.other_key, pkcs11.key_type, pkcs11.failed.
class TokenKey final : public crypto::Signer {
  public:
    struct Impl;

    explicit TokenKey(std::unique_ptr<Impl> impl);
    ~TokenKey() override;

    /// Opens the key and reads its public half from the token; a test signature shows that both halves match.
    /// Errors: those of signing, of expect(), pkcs11.no_public.
    [[nodiscard]] static Result<std::shared_ptr<TokenKey>> open(std::string_view uri,
                                                                const Access& access);
    /// A key whose public half is known; nothing is asked of the token yet, which may be away.
    /// Errors: pkcs11.bad_uri, pkcs11.pin_in_uri, pkcs11.bad_pin_source, pkcs11.module_refused.
    [[nodiscard]] static Result<std::shared_ptr<TokenKey>> expect(std::string_view uri,
                                                                  const Access& access,
                                                                  crypto::PublicKey public_half);

    /// Tries whether the key can sign, unless the last signature was made. Errors: those of signing.
    [[nodiscard]] Result<void> probe() const;
    /// What the last try came to; a key that was never tried is neither ready nor failed.
    [[nodiscard]] bool is_ready() const;
    /// Why the last try failed; empty: it did not.
    [[nodiscard]] std::string failure() const;
    /// True if it has signed in this program.
    [[nodiscard]] bool has_signed() const;
    [[nodiscard]] const std::string& uri() const;

    [[nodiscard]] const crypto::PublicKey& public_key() const override;
    [[nodiscard]] Result<std::string> sign_digest(std::string_view digest) const override;
    [[nodiscard]] Result<std::string> sign_message(std::string_view message) const override;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace bulla::pkcs11

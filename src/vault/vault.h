#pragma once
#include "base/error.h"
#include "base/random.h"
#include "base/secret.h"
#include "store/transaction.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bulla::vault {

/// The cost of Argon2id (RFC 9106): passes over the memory, and octets of memory. Tests take less.
struct KdfCost {
    std::uint64_t passes = 2;
    std::uint64_t memory = std::uint64_t{64} << 20;
};

/// What keys are derived for. Each is an HKDF label (RFC 5869) of the master key, but `keystore`, which comes from the root key: it
/// changes with the passphrase.
enum class Label { vault, volumes, search, queue, catalogue, keystore };

/// The instance's keys while it runs: passphrase → Argon2id → root key → unwraps the random master key → a key per label. Immutable after
/// open(); may be used from any thread. The keys lie in locked memory that is wiped when the vault goes.
class Vault {
  public:
    struct Keys;
    Vault(std::shared_ptr<const Keys> keys, Random& random);

    /// Makes the master key and its row in vault_root. `random` outlives the vault. Errors: vault.exists, vault.no_memory, those of store.
    [[nodiscard]] static Result<Vault> create(store::Tx& tx,
                                              const SecretBytes& passphrase,
                                              Random& random,
                                              KdfCost cost = {});
    /// Opens the vault of the database. Takes as long as Argon2id is meant to. Errors: vault.wrong_passphrase, vault.missing,
    /// vault.bad_root (the row was changed), vault.no_memory, those of store.
    [[nodiscard]] static Result<Vault> open(store::Connection& connection,
                                            const SecretBytes& passphrase,
                                            Random& random);
    /// Writes the same master key under a new passphrase. The vault goes on with what it has; `keystore` changes at the next open().
    [[nodiscard]] Result<void> rewrap(store::Tx& tx,
                                      const SecretBytes& passphrase,
                                      KdfCost cost = {}) const;

    /// The key (32 octets) of a label; lives as long as the vault.
    [[nodiscard]] std::string_view label_key(Label label) const;
    /// A key of 32 octets for a purpose below a label.
    [[nodiscard]] SecretBytes derive(Label label, std::string_view purpose) const;

    /// Seals `plain` so that it opens only under the same identity, such as "vault_item/dkim/example.org/s1": base64 of
    /// nonce | AES-256-GCM | tag, under `label`'s key. The length of `plain` stays visible.
    [[nodiscard]] std::string seal(std::string_view identity,
                                   std::string_view plain,
                                   Label label = Label::vault) const;
    /// Opens what seal() made. Error: vault.tampered (changed, of another identity or another vault); nothing is released then.
    [[nodiscard]] Result<SecretBytes> open_sealed(std::string_view identity,
                                                  std::string_view text,
                                                  Label label = Label::vault) const;

  private:
    std::shared_ptr<const Keys> keys_;
    Random* random_;
};

}  // namespace bulla::vault

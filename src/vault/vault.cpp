#include "vault/vault.h"

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "vault/kdf.h"
#include "vault/locked_memory.h"

#include <algorithm>
#include <fmt/format.h>
#include <sodium.h>
#include <stdexcept>

namespace bulla::vault {
namespace {

constexpr std::size_t key_size = crypto::aead_key_size;
constexpr std::string_view kdf_name = "argon2id13";
// Bound to the wrapped master key, so that no other row can stand in for it.
constexpr std::string_view root_identity = "vault_root/1";
constexpr std::size_t max_sealed_text = std::size_t{512} << 20U;

constexpr std::array<std::string_view, 6> label_names{
    "vault", "volumes", "search", "queue", "catalogue", "keystore"};

void copy_key(std::span<char> to, std::string_view from) {
    std::ranges::copy(from, to.begin());
}

// HKDF of a key for a label, as memory that is wiped.
SecretBytes label_of(std::string_view key, std::string_view label) {
    return SecretBytes(crypto::hkdf_sha256(key, "bulla", label, key_size));
}

std::string seal_under(std::string_view key,
                       std::string_view identity,
                       std::string_view plain,
                       Random& random) {
    auto sealed = random.bytes(crypto::aead_nonce_size);
    const auto nonce = sealed;
    sealed.reserve(nonce.size() + plain.size() + crypto::aead_tag_size);
    crypto::aead_seal(sealed, key, nonce, plain, identity);
    return base64_encode(sealed);
}

std::unexpected<Error> tampered(std::string_view identity) {
    return fail("vault.tampered",
                Fault::us,
                fmt::format("{} does not open: it was changed, or is of another vault", identity));
}

Result<SecretBytes> open_under(std::string_view key,
                               std::string_view identity,
                               std::string_view text) {
    if (text.size() > max_sealed_text) {
        return tampered(identity);
    }
    const auto sealed = base64_decode(text);
    if (!sealed || sealed->size() < crypto::aead_nonce_size) {
        return tampered(identity);
    }
    const std::string_view bytes = *sealed;
    auto plain = crypto::aead_open(key,
                                   bytes.substr(0, crypto::aead_nonce_size),
                                   bytes.substr(crypto::aead_nonce_size),
                                   identity);
    if (!plain) {
        return tampered(identity);
    }
    return SecretBytes(std::move(*plain));
}

struct RootRow {
    KdfCost cost;
    std::string salt;
    std::string wrapped;
};

Result<RootRow> load_root(store::Connection& connection) {
    BULLA_TRY(
        row,
        (connection.query_first<std::string, std::int64_t, std::int64_t, std::string, std::string>(
            "select kdf, opslimit, memlimit, salt, wrapped from vault_root where id = 1")));
    if (!row) {
        return fail("vault.missing",
                    Fault::us,
                    "the database has no vault: it was not set up by bulla init");
    }
    const auto& [kdf, passes, memory, salt, wrapped] = *row;
    auto octets = base64_decode(salt);
    const KdfCost cost{static_cast<std::uint64_t>(passes), static_cast<std::uint64_t>(memory)};
    if (kdf != kdf_name || !octets || octets->size() != kdf_salt_size || !is_bearable(cost)) {
        return fail("vault.bad_root",
                    Fault::us,
                    "the vault's row in the database was changed: restore it from a backup");
    }
    return RootRow{cost, std::move(*octets), wrapped};
}

// What stands in the row for a master key under a passphrase; `root` gets the root key.
Result<RootRow> make_root(std::string_view master,
                          const SecretBytes& passphrase,
                          Random& random,
                          KdfCost cost,
                          LockedMemory& root) {
    RootRow row{cost, random.bytes(kdf_salt_size), {}};
    BULLA_CHECK(stretch(passphrase.view(), row.salt, cost, root.bytes()));
    row.wrapped = seal_under(label_of(root.view(), "wrap").view(), root_identity, master, random);
    return row;
}

}  // namespace

/// One page of locked memory: the master key, then a key per label.
struct Vault::Keys {
    LockedMemory memory{key_size * (label_names.size() + 1)};

    Keys(std::string_view master, std::string_view root) {
        copy_key(memory.bytes(), master);
        for (std::size_t i = 0; i < label_names.size(); ++i) {
            // The keystore's secret follows the passphrase: a wrong one gives a wrong secret of the same form.
            const auto from = i == static_cast<std::size_t>(Label::keystore) ? root : master;
            copy_key(memory.bytes().subspan(key_size * (i + 1), key_size),
                     label_of(from, label_names[i]).view());
        }
    }

    [[nodiscard]] std::string_view master() const { return memory.view().substr(0, key_size); }

    [[nodiscard]] std::string_view label(Label label) const {
        return memory.view().substr(key_size * (static_cast<std::size_t>(label) + 1), key_size);
    }
};

Vault::Vault(std::shared_ptr<const Keys> keys, Random& random)
    : keys_(std::move(keys)), random_(&random) {}

Result<Vault> Vault::create(store::Tx& tx,
                            const SecretBytes& passphrase,
                            Random& random,
                            KdfCost cost) {
    BULLA_TRY(present, tx.query_first<std::int64_t>("select id from vault_root where id = 1"));
    if (present) {
        return fail("vault.exists", Fault::us, "the database has a vault already");
    }
    LockedMemory master(key_size);
    LockedMemory root(key_size);
    random.fill(master.bytes());
    BULLA_TRY(row, make_root(master.view(), passphrase, random, cost, root));
    BULLA_CHECK(
        tx.run("insert into vault_root (id, kdf, opslimit, memlimit, salt, wrapped) values (1, "
               ":kdf, :ops, :mem, :salt, :wrapped)",
               {kdf_name, row.cost.passes, row.cost.memory, base64_encode(row.salt), row.wrapped}));
    return Vault(std::make_shared<const Keys>(master.view(), root.view()), random);
}

Result<Vault> Vault::open(store::Connection& connection,
                          const SecretBytes& passphrase,
                          Random& random) {
    BULLA_TRY(row, load_root(connection));
    LockedMemory root(key_size);
    BULLA_CHECK(stretch(passphrase.view(), row.salt, row.cost, root.bytes()));
    const auto master =
        open_under(label_of(root.view(), "wrap").view(), root_identity, row.wrapped);
    if (!master || master->size() != key_size) {
        return fail(
            "vault.wrong_passphrase",
            Fault::us,
            "the passphrase does not open the vault (or its row in the database was changed)");
    }
    return Vault(std::make_shared<const Keys>(master->view(), root.view()), random);
}

Result<void> Vault::rewrap(store::Tx& tx, const SecretBytes& passphrase, KdfCost cost) const {
    LockedMemory root(key_size);
    BULLA_TRY(row, make_root(keys_->master(), passphrase, *random_, cost, root));
    BULLA_TRY(
        changed,
        tx.run_counted(
            "update vault_root set kdf = :kdf, opslimit = :ops, memlimit = :mem, "
            "salt = :salt, wrapped = :wrapped where id = 1",
            {kdf_name, row.cost.passes, row.cost.memory, base64_encode(row.salt), row.wrapped}));
    if (changed != 1) {
        return fail("vault.missing", Fault::us, "the database has no vault");
    }
    return {};
}

std::string_view Vault::label_key(Label label) const {
    return keys_->label(label);
}

SecretBytes Vault::derive(Label label, std::string_view purpose) const {
    return label_of(keys_->label(label), purpose);
}

std::string Vault::seal(std::string_view identity, std::string_view plain, Label label) const {
    return seal_under(keys_->label(label), identity, plain, *random_);
}

Result<SecretBytes> Vault::open_sealed(std::string_view identity,
                                       std::string_view text,
                                       Label label) const {
    return open_under(keys_->label(label), identity, text);
}

}  // namespace bulla::vault

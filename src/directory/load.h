#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "directory/snapshot.h"
#include "store/connection.h"
#include "vault/vault.h"

#include <memory>
#include <string>
#include <string_view>

namespace bulla::directory {

/// Reads all that decides about mail from the database. Private keys that `previous` (may be null) holds and that have not changed are
/// taken over, not opened again. A key that cannot be loaded, or a setting that cannot be read, goes into Snapshot::problems and leaves
/// the rest in force. Errors: those of store.
[[nodiscard]] Result<std::shared_ptr<const Snapshot>> load_snapshot(
    store::Connection& connection,
    const vault::Vault& vault,
    const config::Config& config,
    const std::shared_ptr<const Snapshot>& previous);

/// The number that every change raises; 0 in a new database. Errors: those of store.
[[nodiscard]] Result<std::uint64_t> load_revision(store::Connection& connection);

/// The row of meta that holds the instance's own signing policy.
inline constexpr std::string_view policy_row = "dkim_policy";

/// The instance's own signing policy, in the syntax of dkimdomains; empty if it has none. Errors: those of store.
[[nodiscard]] Result<std::string> load_policy_text(store::Connection& connection);

/// Where a private key is kept: vault_item(kind, id), sealed under this identity.
[[nodiscard]] std::string vault_identity(std::string_view kind, std::string_view id);

/// Opens a private key of vault_item. Errors: key.missing, vault.tampered, those of parse_pem and store.
[[nodiscard]] Result<std::shared_ptr<crypto::PrivateKey>> load_vault_key(
    store::Connection& connection,
    const vault::Vault& vault,
    const std::string& kind,
    const std::string& id);

[[nodiscard]] std::string_view to_string(AccountRole role);
/// user, domain_admin, admin or auditor. Error: role.bad.
[[nodiscard]] Result<AccountRole> parse_role(std::string_view text);

/// How signatures of a key of `type` over messages are called: the word of message_signature.algorithm.
[[nodiscard]] std::string_view signature_algorithm(crypto::KeyType type);

}  // namespace bulla::directory

#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "base/secret.h"
#include "config/config.h"
#include "names/domain.h"
#include "names/mailbox.h"
#include "vault/vault.h"

#include <string>
#include <vector>

namespace bulla::services {

struct InitOptions {
    std::string directory;
    DomainName domain;
    Mailbox admin;           ///< The first administrator's address; the login is "admin".
    std::string hostname{};  ///< Empty: the machine's, or mail.<domain> if that is no full name.
    std::string user{};      ///< Who will run the daemon; empty: whoever starts it.
    /// Where state, volumes and mail lie; empty: in `directory`. Configuration and passphrase stay there, and the passphrase its maker's.
    std::string data_directory{};
    SecretBytes passphrase{};  ///< Empty: a random one.
    vault::KdfCost kdf{};      ///< What it costs to try a passphrase; tests take less.
    std::vector<config::Listener> listeners{};  ///< Empty: the standard ones.
    std::vector<config::Route> routes{};        ///< Empty: Maildir for the instance's own domains.
};

struct InitReport {
    std::string config_path;
    std::string passphrase_path;
    std::string login;
    std::string one_time_password;
    std::string log_key;        ///< The log's verifier key, as in state/log.pub.
    bool runs_as_root = false;  ///< bulla.toml names root as the daemon's user.
};

/// Makes an instance: bulla.toml, state/, volumes/, passphrase (0600), the database with all tables, the vault, the log's key and the
/// first administrator. bulla.toml comes last, so that a broken-off init is no instance. Errors: instance.exists, instance.cannot_write,
/// config.bad, those of store, vault and sealer.
[[nodiscard]] Result<InitReport> init_instance(const InitOptions& options,
                                               const Clock& clock,
                                               Random& random);

/// Makes the database's tables where they are missing (ARC-04); how many steps were done. Needs the lock. Errors: instance.locked,
/// store.newer, those of store.
[[nodiscard]] Result<int> migrate_database(const config::Config& config, const Clock& clock);

/// Adds the table message_signature alone (ARC-04); false if it was there. Needs the lock. Errors as migrate_database.
[[nodiscard]] Result<bool> create_signature_table(const config::Config& config);

}  // namespace bulla::services

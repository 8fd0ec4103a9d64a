#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "config/config.h"
#include "directory/snapshot.h"
#include "names/message_id.h"
#include "queue/queue.h"
#include "seal/sealer.h"
#include "services/lock.h"
#include "services/service.h"
#include "store/database.h"
#include "vault/vault.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace bulla::services {

enum class OpenMode {
    reader,  ///< Database read-only, no lock: any number, beside a running daemon too.
    owner,  ///< Takes the lock; may change everything. Error instance.locked if another process has it.
};

struct InstanceOptions {
    OpenMode mode = OpenMode::reader;
    bool prompt =
        false;  ///< Ask at the terminal for the passphrase when neither a file nor a systemd credential has it.
    /// How long to wait for the lock: a command that works on the instance holds it for a moment, and the daemon must not fail for that.
    std::chrono::milliseconds lock_patience{5000};
    /// Called once the lock is there, before anything else is touched: the daemon binds its ports in it. Its failure is open()'s.
    std::function<Result<void>()> when_locked = {};
    /// As root and owner, become the owner of the state directory before anything is written there, so that the daemon's user can
    /// go on with the files. The daemon itself says no: it drops root when its ports are bound.
    bool become_owner = true;
};

/// An instance that is open: database, keys, and for the owner the sealer. Made by the daemon at start and by each command that works on
/// the instance itself. Members are destroyed in the right order; objects of others that use them must go first.
class Instance {
  public:
    /// Errors: instance.locked, instance.no_state, those of vault::load_passphrase, vault.wrong_passphrase, store.older (run `bulla database
    /// migrate`), store.newer, those of seal::Sealer::open. `clock` and `random` outlive the instance.
    [[nodiscard]] static Result<std::unique_ptr<Instance>> open(const config::Config& config,
                                                                const InstanceOptions& options,
                                                                const Clock& clock,
                                                                Random& random);
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
    ~Instance();

    [[nodiscard]] const config::Config& config() const { return config_; }

    [[nodiscard]] store::Database& database() { return *database_; }

    [[nodiscard]] const vault::Vault& vault() const { return *vault_; }

    [[nodiscard]] directory::SnapshotHolder& snapshots() { return *snapshots_; }

    [[nodiscard]] const seal::RecordReader& reader() const { return *reader_; }

    /// The sealer; a reader's refuses every batch with service.read_only.
    [[nodiscard]] seal::Sealer& sealer() { return *sealer_; }

    [[nodiscard]] MessageIds& ids() { return *ids_; }

    /// The log's verifier key, as in state/log.pub.
    [[nodiscard]] const std::string& log_key() const { return log_key_; }

    [[nodiscard]] const Clock& clock() const { return clock_; }

    [[nodiscard]] Random& random() { return random_; }

    /// Reads the database again and puts what it says in force; with `config` also a new bulla.toml. From any thread, one at a time.
    [[nodiscard]] Result<void> reload();
    [[nodiscard]] Result<void> reload(const config::Config& config);

    /// The queue of this instance, not running yet. `inject` sends notices (the daemon gives the flow's); the instance outlives it.
    [[nodiscard]] std::unique_ptr<queue::Queue> make_queue(queue::ConcurrencyOf concurrency_of,
                                                           queue::InjectNotice inject);

    /// The context of service calls, with `queue`, which it does not own.
    [[nodiscard]] std::unique_ptr<ServiceContext> make_context(queue::Queue* queue);

  private:
    Instance(const config::Config& config, OpenMode mode, const Clock& clock, Random& random);
    [[nodiscard]] Result<void> open_database();
    [[nodiscard]] Result<void> open_keys(const InstanceOptions& options);
    [[nodiscard]] Result<void> open_sealer();
    [[nodiscard]] Result<void> load_ids();

    config::Config config_;
    OpenMode mode_;
    const Clock& clock_;
    Random& random_;
    std::optional<InstanceLock> lock_;
    std::unique_ptr<store::Database> database_;
    std::unique_ptr<const vault::Vault> vault_;
    std::string log_key_;
    std::string log_origin_;
    std::shared_ptr<const crypto::Signer> log_signer_;
    std::unique_ptr<seal::Sealer> sealer_;
    std::unique_ptr<seal::RecordReader> reader_;
    std::unique_ptr<directory::SnapshotHolder> snapshots_;
    std::unique_ptr<MessageIds> ids_;
};

/// Where the daemon listens for administration.
[[nodiscard]] std::string admin_socket_path(const config::Config& config);

}  // namespace bulla::services

#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "seal/record.h"
#include "store/database.h"
#include "tlog/checkpoint.h"
#include "vault/vault.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bulla::seal {

class FileOps;

/// What a commit gave to one batch. Valid inside riders (tentatively) and for `done` (finally).
struct Committed {
    std::vector<Address> addresses;           ///< One a record of the batch, in its order.
    std::vector<std::uint64_t> leaf_indexes;  ///< One a leaf of the batch, in its order.
    Time time;                                ///< When the run was committed.
};

/// Rows that belong to a batch: run in the run's transaction, after the records' places are known. An error undoes this batch alone. May run
/// more than once, when a transaction has to be tried again: only the last time counts, and it must not keep state of its own.
/// Runs on the sealer's thread; must not wait for anything but the database.
using Rider = std::function<Result<void>(store::Tx&, const Committed&)>;

/// That a private key was used to make what a batch holds (GW-06).
struct KeyUse {
    std::string purpose;      ///< One word: "dkim", "archive".
    std::string fingerprint;  ///< SHA-256 of its public key, 64 hexadecimal digits.
    std::uint64_t times = 1;
};

/// What is committed together or not at all.
struct Batch {
    std::vector<PreparedRecord> records;
    std::vector<std::string>
        leaves;  ///< Canonical entries (seal/entry.h); a leaf may need a record's address: it does not.
    std::vector<Rider> riders;
    std::vector<Address> shred;  ///< Slots to overwrite once this batch is committed.
    std::vector<KeyUse>
        uses;  ///< Told by one audit entry for the whole run (docs/formats/log.md "Key use").
    /// Called once, on the sealer's thread, after the run is on stable storage or has failed. Must be quick.
    /// Errors: seal.full (disk full: 452), seal.failed (451), seal.rolled_back, seal.stopped, or the rider's own.
    std::function<void(Result<Committed>)> done;
};

struct SealerOptions {
    std::string volume_name = "main";
    std::string volume_path;  ///< Directory of this node's packs.
    std::string state_path;   ///< Directory of `checkpoint`.
    unsigned node = 0;
    std::string origin;  ///< The log's name.
    std::size_t max_run_batches = 256;
    std::size_t max_run_bytes = 4U << 20U;
    std::size_t max_waiting_bytes =
        256U << 20U;  ///< More than this handed over and not yet committed: seal.failed at once.
    std::uint64_t max_pack_bytes = 1U << 30U;
    FileOps* files = nullptr;  ///< For tests (seal/files.h); nullptr = the machine's files.
    std::function<store::CommitResult(store::Tx&)> commit =
        {};  ///< For tests: instead of Tx::commit.
};

/// The one writer of packs, key slots, log and database: gathers batches into runs and commits each run as one
/// (docs/formats/pack.md, docs/architecture.md "Group commit"). submit() may be called from any thread.
class Sealer {
  public:
    /// Opens a new pack, loads the log's edge and compares it with `state/checkpoint`. Errors: seal.rolled_back ("the log is older than the
    /// last checkpoint seen: restore the newer data"), those of store and file system.
    /// `log_signer` is the log's Ed25519 key. Database, vault, clock and random outlive the sealer.
    [[nodiscard]] static Result<std::unique_ptr<Sealer>> open(
        const SealerOptions& options,
        store::Database& database,
        const vault::Vault& vault,
        std::shared_ptr<const crypto::Signer> log_signer,
        const Clock& clock,
        Random& random);
    Sealer() = default;
    Sealer(const Sealer&) = delete;
    Sealer& operator=(const Sealer&) = delete;
    /// Commits what waits, then stops.
    virtual ~Sealer() = default;

    virtual void submit(Batch batch) = 0;
    /// Makes a record of `plain`: one over 1 MiB is compressed, sealed and synced into a pack for large records at once, without a copy
    /// in memory; all others as prepare_record. Blocks on the disk: for a work thread. Errors: seal.full, seal.failed.
    [[nodiscard]] virtual Result<PreparedRecord> prepare(MessageId message,
                                                         RecordKind kind,
                                                         std::string_view plain) = 0;
    /// submit() and wait. Not from the sealer's thread.
    [[nodiscard]] Result<Committed> commit(Batch batch);
    /// False after a failure that stops sealing (roll-back, unknown commit): then `why` says it.
    [[nodiscard]] virtual bool healthy(std::string* why) const = 0;
    /// The last committed checkpoint as a signed note.
    [[nodiscard]] virtual std::string checkpoint() const = 0;
};

/// Reads records back. May be used from any thread; needs no sealer (readers of another process use it too).
class RecordReader {
  public:
    struct Options {
        std::string volumes_path;  ///< Directory that holds one directory a volume.
        std::uint64_t max_plain_bytes = 256U << 20U;
    };

    RecordReader(Options options, const vault::Vault& vault);
    ~RecordReader();
    RecordReader(const RecordReader&) = delete;
    RecordReader& operator=(const RecordReader&) = delete;

    struct Opened {
        std::string plain;
        std::string salt;  ///< commitment_salt of its key.
    };

    /// Errors, each with the place: pack.missing, pack.short_read, pack.bad_header, pack.wrong_message (the record is of another message or kind),
    /// pack.shredded (the key was destroyed), pack.bad_slot, pack.tampered (authentication failed), pack.bad_compression, pack.too_large.
    [[nodiscard]] Result<Opened> read(const Address& address,
                                      MessageId message,
                                      RecordKind kind) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace bulla::seal

#pragma once
#include "seal/log_edge.h"
#include "seal/packs.h"
#include "seal/sealer.h"
#include "seal/shredder.h"
#include "seal/sync_pair.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bulla::seal {

/// One run: batches that are committed with one sync and one transaction.
struct Run {
    std::string
        id;  ///< 32 hexadecimal digits; its row in seal_run decides what became of an unknown COMMIT.
    Time time;
    std::vector<Batch> batches;
    std::vector<Committed> committed;  ///< One a batch.
    std::vector<std::optional<Error>>
        refused;                        ///< One a batch: why it is not part of the run any more.
    std::set<std::int64_t> packs = {};  ///< Packs that its rows name.
};

struct CommitterParts {
    store::Database& database;
    PackFolder& folder;
    FileOps& files;
    LogIdentity log;
    const Clock& clock;
    Random& random;
    unsigned node;
    std::uint64_t max_pack_bytes;
    std::function<store::CommitResult(store::Tx&)> commit;  ///< Empty: Tx::commit.
};

/// Writes runs: packs, slots, database. One thread, the sealer's.
class Committer {
  public:
    Committer(const CommitterParts& parts, store::Connection connection, LogEdge edge)
        : parts_(parts),
          connection_(std::move(connection)),
          edge_(std::move(edge)),
          shredder_(parts.folder, parts.files) {}

    /// Begins the first pack and destroys the keys that key_shred still names. Errors: those of the file system, but not seal.full.
    [[nodiscard]] Result<void> start();
    /// Commits a run and calls every batch's `done`.
    void commit(std::vector<Batch> batches);
    /// Ends shredding that waits: to be called a second after the last run at the latest.
    void flush_shredding();

    [[nodiscard]] bool has_shredding() const { return shredder_.is_waiting(); }

    /// Gets each checkpoint once it is committed, before anybody is told of the run. To be set before the first commit.
    void on_checkpoint(std::function<void(const std::string& note)> take) {
        publish_ = std::move(take);
    }

    /// True if the outcome of a commit is unknown: then nothing may be committed until settle() says true. From any thread.
    [[nodiscard]] bool is_stuck() const { return is_stuck_; }

    /// Asks the database what became of the commit whose outcome is unknown.
    [[nodiscard]] bool settle();

    /// The last committed checkpoint; empty if there is none.
    [[nodiscard]] const std::string& note() const { return edge_.note; }

  private:
    enum class Fate { committed, absent, rolled_back, unknown };

    /// What a transaction changes in memory once it is committed.
    struct Attempt {
        LogEdge edge;
        bool with_savepoints = false;   ///< Each batch can be undone alone.
        bool is_rider_failure = false;  ///< A rider failed: to be tried again with savepoints.
        Error error = {};
    };

    /// A commit that the database must be asked about.
    struct Unknown {
        std::string run_id;
        LogEdge edge;
        std::set<std::int64_t> packs;
        std::vector<ShredRow> shred;
    };

    [[nodiscard]] Result<void> store_records(Run& run);
    [[nodiscard]] Result<void> resume_shredding();
    [[nodiscard]] Result<void> ensure_pack(std::uint64_t octets);
    void drop_pack();
    [[nodiscard]] Fate commit_rows(Run& run, Error& error);
    [[nodiscard]] Fate try_transaction(Run& run,
                                       Attempt& attempt,
                                       const std::vector<ShredRow>& shredded);
    [[nodiscard]] Result<void> fill_batches(store::Tx& tx,
                                            Run& run,
                                            Attempt& attempt,
                                            std::vector<tlog::Tile>& full);
    [[nodiscard]] Result<void> fill_alone(store::Tx& tx,
                                          Run& run,
                                          std::size_t which,
                                          Attempt& attempt,
                                          std::vector<tlog::Tile>& full);
    [[nodiscard]] Result<void> fill_batch(
        store::Tx& tx, Run& run, std::size_t which, LogEdge& edge, std::vector<tlog::Tile>& full);
    [[nodiscard]] Result<void> fill_run(store::Tx& tx, const Run& run);
    [[nodiscard]] static Result<void> fill_key_uses(store::Tx& tx,
                                                    const Run& run,
                                                    LogEdge& edge,
                                                    std::vector<tlog::Tile>& full);
    [[nodiscard]] static Result<void> delete_shred_rows(store::Tx& tx,
                                                        const std::vector<ShredRow>& rows);
    [[nodiscard]] Fate read_back(const std::string& run_id);
    void adopt(const std::set<std::int64_t>& packs,
               LogEdge edge,
               const std::vector<ShredRow>& shred);

    CommitterParts parts_;
    store::Connection connection_;
    LogEdge edge_;
    Shredder shredder_;
    SyncPair sync_;
    std::unique_ptr<Pack> pack_;
    std::set<std::int64_t> known_packs_;  // their rows are committed
    std::optional<Unknown> unknown_;
    std::atomic<bool> is_stuck_ = false;  // unknown_ holds something
    std::function<void(const std::string&)> publish_;
};

}  // namespace bulla::seal

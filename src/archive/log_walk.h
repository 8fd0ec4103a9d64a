#pragma once
#include "archive/finding.h"
#include "archive/log_rows.h"
#include "base/error.h"
#include "seal/fork.h"
#include "tlog/checkpoint.h"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace bulla::archive {

/// A signed head of the log that was kept somewhere.
struct KnownHead {
    tlog::Checkpoint head;
    std::string source;  ///< Where it was kept: a path.
};

/// Goes through the log from leaf to leaf and holds it against itself: indexes without gaps, entry against hash, tiles against leaves,
/// every stored checkpoint (signature and root), and the heads kept elsewhere. Memory is bounded: a batch of leaves and the tree's edge.
class LogWalk {
  public:
    struct Options {
        tlog::VerifierKey key;
        std::vector<KnownHead> heads{};
        std::vector<seal::ForkEntry> forks{};  ///< Under which names the log went before.
        std::uint64_t first =
            0;  ///< Where an earlier walk stopped; what lies before is taken from the tiles.
    };

    /// Reads the last signed checkpoint: leaves beyond it are not looked at. Errors: those of store, and tlog.bad_tile if `first`
    /// cannot be reached from the stored tiles. All else that is wrong is a finding.
    [[nodiscard]] static Result<LogWalk> begin(const LogRows& rows,
                                               Options options,
                                               Findings& findings);

    /// Checks the next leaves, at most `count`, and gives their rows; none when the end is reached. A leaf that is missing is a finding
    /// and no row.
    [[nodiscard]] Result<std::vector<LeafRow>> next(std::size_t count, Findings& findings);
    /// After the last leaf: no leaf without a checkpoint.
    [[nodiscard]] Result<void> finish(Findings& findings) const;

    [[nodiscard]] std::uint64_t position() const { return frontier_.size(); }

    /// Leaves under the last signed checkpoint.
    [[nodiscard]] std::uint64_t size() const { return size_; }

  private:
    LogWalk(const LogRows& rows, Options options) : rows_(&rows), options_(std::move(options)) {}

    Result<void> load(Findings& findings);
    Result<void> add(const tlog::Hash& leaf, Findings& findings);
    Result<void> compare_tile(const tlog::Tile& tile, Findings& findings) const;
    Result<void> compare_heads(Findings& findings);
    void compare_checkpoint(const CheckpointRow& row, Findings& findings) const;
    void look_at_fork(const LeafRow& row, Findings& findings) const;

    const LogRows* rows_;
    Options options_;
    std::uint64_t size_ = 0;
    tlog::Frontier frontier_;
    std::deque<CheckpointRow> checkpoints_;  ///< Those read and not yet reached, smallest first.
};

/// The key that the log's checkpoints are checked with: the first line of the file `path` (state/log.pub). Errors: log.no_key, note.bad_key.
[[nodiscard]] Result<tlog::VerifierKey> load_log_key(const std::string& path);
/// A checkpoint kept in a file, checked with `key` under whatever name it was signed (seal::decide_standing says what that means).
/// Errors: log.no_checkpoint (unreadable), those of tlog::open_checkpoint.
[[nodiscard]] Result<KnownHead> load_head(const std::string& path, const tlog::VerifierKey& key);
/// One sentence about a fork: which leaves were given up, when, by whom, why.
[[nodiscard]] std::string describe_fork(const seal::ForkEntry& fork);

}  // namespace bulla::archive

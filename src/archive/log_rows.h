#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "names/message_id.h"
#include "seal/fork.h"
#include "store/database.h"
#include "tlog/hash.h"
#include "tlog/tree.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bulla::archive {

/// A row of `log_leaf` as it is stored: nothing in it is checked.
struct LeafRow {
    std::uint64_t index = 0;
    std::string hash;
    std::string entry;
};

/// A row of `log_checkpoint` as it is stored.
struct CheckpointRow {
    std::uint64_t size = 0;
    Time at{};
    std::string note;
};

/// Reads the log's rows (docs/formats/log.md). One thread at a time; the connection outlives it. Errors are those of store.
class LogRows {
  public:
    explicit LogRows(store::Connection& connection) : connection_(connection) {}

    /// The rows of leaves `first` to `first + count - 1` that are there, by index.
    [[nodiscard]] Result<std::vector<LeafRow>> leaves(std::uint64_t first,
                                                      std::uint64_t count) const;
    /// How many leaves there must be if there is no gap: the greatest index and one; 0 if there is none.
    [[nodiscard]] Result<std::uint64_t> leaf_count() const;
    /// The leaf of a message, found by its text: a search through the whole log, for when its row is gone.
    [[nodiscard]] Result<std::optional<std::uint64_t>> find_message(MessageId id) const;
    /// A full tile; nothing if it is not there or not readable.
    [[nodiscard]] Result<std::optional<std::vector<tlog::Hash>>> tile(unsigned level,
                                                                      std::uint64_t index) const;
    [[nodiscard]] Result<std::optional<CheckpointRow>> last_checkpoint() const;
    /// At most `limit` checkpoints of more than `after` leaves, smallest first.
    [[nodiscard]] Result<std::vector<CheckpointRow>> checkpoints(std::uint64_t after,
                                                                 std::size_t limit) const;

    /// At most `limit` checkpoints of fewer than `before` leaves, largest first.
    [[nodiscard]] Result<std::vector<CheckpointRow>> checkpoints_before(std::uint64_t before,
                                                                        std::size_t limit) const;

    /// seal::load_forks.
    [[nodiscard]] Result<std::vector<seal::ForkEntry>> forks() const {
        return seal::load_forks(connection_);
    }

    /// For proofs in the tree of the first `size` leaves; stored hashes are believed. Errors: tlog.bad_tile, log.missing_leaf.
    [[nodiscard]] tlog::TileReader tiles(std::uint64_t size) const;

  private:
    store::Connection& connection_;
};

}  // namespace bulla::archive

#pragma once
#include "base/clock.h"
#include "crypto/key.h"
#include "store/database.h"
#include "tlog/checkpoint.h"
#include "tlog/tree.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bulla::seal {

/// The log as the sealer holds it: the tree's edge and the last checkpoint. A value: a run changes a copy, which takes the place of the
/// original only when the run is committed.
struct LogEdge {
    tlog::Frontier frontier;
    std::uint64_t checkpoint_size = 0;  ///< Of the last checkpoint; 0 = there is none.
    Time checkpoint_time;
    bool is_first_of_hour = false;
    std::string note;  ///< The last checkpoint.
};

/// Who signs the log, and under which name.
struct LogIdentity {
    std::string origin;
    std::shared_ptr<const crypto::Signer> signer;  ///< Ed25519
};

/// Loads the edge of the stored log. Errors: seal.log_damaged (leaves, tiles and last checkpoint do not fit together), those of store.
[[nodiscard]] Result<LogEdge> load_log_edge(store::Connection& connection,
                                            const LogIdentity& identity);

/// Inserts a leaf at the edge; tiles that become full are added to `full`. Errors: those of store.
[[nodiscard]] Result<void> insert_leaf(store::Tx& tx,
                                       LogEdge& edge,
                                       std::string_view entry,
                                       std::vector<tlog::Tile>& full);

/// Inserts the full tiles and a signed checkpoint over all leaves; the last checkpoint goes unless it is the first of its hour.
/// Errors: those of store and of the signer.
[[nodiscard]] Result<void> insert_checkpoint(store::Tx& tx,
                                             LogEdge& edge,
                                             const std::vector<tlog::Tile>& full,
                                             const LogIdentity& identity,
                                             Time now);

/// Holds the stored log against a checkpoint seen earlier (a signed note). Errors: seal.rolled_back (the log is shorter, its first leaves
/// are others, or it was forked since from an older copy), seal.bad_checkpoint (`note` cannot be read or is not this log's), those of store.
[[nodiscard]] Result<void> check_not_rolled_back(store::Connection& connection,
                                                 const LogEdge& edge,
                                                 std::string_view note,
                                                 const LogIdentity& identity);

}  // namespace bulla::seal

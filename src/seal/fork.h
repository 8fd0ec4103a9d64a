#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "seal/entry.h"
#include "seal/log_edge.h"
#include "store/database.h"
#include "tlog/checkpoint.h"

#include <string>
#include <string_view>
#include <vector>

/// Going on from an older copy of the log that was put back knowingly (docs/formats/log.md "Fork").
namespace bulla::seal {

/// The forks of the stored log, oldest first. Errors: seal.log_damaged (`log_forks` names a leaf that is no fork), those of store.
[[nodiscard]] Result<std::vector<ForkEntry>> load_forks(store::Connection& connection);

/// The name that the log had when it was `size` leaves long; `name` is the present one.
[[nodiscard]] const std::string& name_at(const std::vector<ForkEntry>& forks,
                                         std::uint64_t size,
                                         const std::string& name);

/// Reads a checkpoint that this key signed under whatever name: Checkpoint::origin says it. Errors: those of tlog::open_checkpoint.
[[nodiscard]] Result<tlog::Checkpoint> open_any_name(std::string_view note,
                                                     const tlog::VerifierKey& key);

/// What a checkpoint is to a log with `forks`, whose present name is `name`.
enum class Standing {
    own,     ///< Its first leaves must have this root.
    lost,    ///< Of leaves that a fork gave up, which its entry names.
    unknown  ///< Of another log, or of leaves that no fork gave up.
};
[[nodiscard]] Standing decide_standing(const std::vector<ForkEntry>& forks,
                                       const std::string& name,
                                       const tlog::Checkpoint& checkpoint);

struct ForkRequest {
    std::string actor;
    std::string reason;  ///< At least one character that is no space, at most 1000 octets.
};

struct Forked {
    std::string origin;
    std::string note{};  ///< The first checkpoint under the new name, for state/checkpoint.
    ForkEntry entry{};
};

/// Goes on from what the database holds, under a new name. `seen`: the note in state/checkpoint. `identity` is that of the log so far.
/// Errors: seal.not_rolled_back (there is nothing to accept), seal.bad_reason, seal.bad_checkpoint, those of load_log_edge and store.
[[nodiscard]] Result<Forked> fork_log(store::Connection& connection,
                                      const LogIdentity& identity,
                                      std::string_view seen,
                                      const ForkRequest& request,
                                      const Clock& clock,
                                      Random& random);

}  // namespace bulla::seal

#pragma once
#include "base/error.h"
#include "seal/sealer.h"
#include "services/service.h"

#include <nlohmann/json.hpp>
#include <string>

namespace bulla::services {

/// A change of the instance: its rows, and what the log says of it.
struct Change {
    std::string action;       ///< "domain.add"
    std::string target;       ///< What it was done to; at most 320 octets.
    nlohmann::json detail{};  ///< Never a secret; empty for none.
    seal::Rider rows{};       ///< May run more than once; empty if nothing but the log changes.
    bool deciding =
        true;  ///< Mail is treated differently after it: the revision rises and a new Snapshot comes into force.
};

/// Commits the rows, the audit entry (a leaf of the log and a row) and the new revision as one, then puts it in force.
/// Errors: those of the rows and of the sealer (nothing has changed then); service.not_in_force (committed, but the reload failed).
[[nodiscard]] Result<void> commit_change(ServiceContext& context,
                                         const Caller& caller,
                                         Change change);

/// Commits rows that nothing in the log tells of and no mail depends on, such as when a session was seen last. Errors: those of the rows
/// and of the sealer, service.read_only.
[[nodiscard]] Result<void> commit_rows(ServiceContext& context, seal::Rider rows);

}  // namespace bulla::services

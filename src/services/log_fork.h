#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "config/config.h"

#include <cstdint>
#include <string>

namespace bulla::services {

struct LogForkOptions {
    std::string reason;        ///< Why the older log is accepted; stands in the log for good.
    std::string checkpoint{};  ///< A newer checkpoint kept elsewhere; empty: state/checkpoint.
    std::string actor{};       ///< "cli:anna"
    bool prompt = false;       ///< As InstanceOptions::prompt.
};

struct LogForkReport {
    std::string former;      ///< The log's name until now.
    std::string origin;      ///< Its new name.
    std::uint64_t kept = 0;  ///< Leaves that it goes on from.
    std::uint64_t seen = 0;  ///< Leaves of the newest checkpoint that was seen.
    std::string log_key;     ///< The new verifier key, as in state/log.pub now.
};

/// Accepts a log that was put back to an older copy (docs/formats/log.md "Fork"), with the instance's lock and without a sealer, which
/// would not open. Ends an interrupted fork too. Errors: instance.locked (stop the daemon), those of seal::fork_log, of the vault and of
/// the file system.
[[nodiscard]] Result<LogForkReport> fork_instance_log(const config::Config& config,
                                                      const LogForkOptions& options,
                                                      const Clock& clock,
                                                      Random& random);

}  // namespace bulla::services

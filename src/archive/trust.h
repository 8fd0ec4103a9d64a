#pragma once
#include "archive/catalogue.h"
#include "archive/finding.h"
#include "archive/verify.h"
#include "base/error.h"

#include <string>
#include <vector>

namespace bulla::archive {

/// Where a verification takes what it believes from.
struct TrustSources {
    std::string state_path;  ///< Holds log.pub and checkpoint.
    std::string
        instance_log_key;  ///< The verifier key of the key that the instance signs its log with now.
    std::string log_key_path{};     ///< A verifier key kept elsewhere; empty: state/log.pub.
    std::string public_key_path{};  ///< Setting signature_public_key_path; empty: none is set.
    std::vector<std::string> checkpoint_paths{};  ///< Checkpoints kept elsewhere.
};

/// Reads them. What is missing or contradicts itself is a finding; only without any key of the log is there an error: log.no_key,
/// note.bad_key. Call it before anything of the log is read: the daemon may add to it meanwhile.
[[nodiscard]] Result<Verifier::Options> load_trust(const Catalogue& catalogue,
                                                   const LogRows& log,
                                                   const TrustSources& sources,
                                                   Findings& findings);

}  // namespace bulla::archive

#pragma once
#include "base/clock.h"
#include "base/random.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

// `bulla check`: what of the configuration, the machine and the DNS will hurt, before it does.

namespace bulla::services {

enum class CheckState { ok, warning, error };

[[nodiscard]] std::string_view to_string(CheckState state);

/// One thing that was looked at.
struct Finding {
    std::string
        area;  ///< configuration, permissions, disk, database, log, keys, clock, dns, neighbours, limits
    CheckState state = CheckState::ok;
    std::string text;      ///< What is so.
    std::string action{};  ///< What to do about it; empty where nothing is to be done.
};

struct CheckOptions {
    std::string config_path;
    bool dns = true;  ///< Also ask the DNS; each question may take seconds where there is none.
    std::string postfix_path = "/etc/postfix/main.cf";
    const Clock& clock;
    Random& random;
};

/// Looks at everything; needs no daemon and disturbs none. Where this user may not look, a warning says so. Blocks: files are synced, the
/// database is read through, the DNS is asked.
[[nodiscard]] std::vector<Finding> check_instance(const CheckOptions& options);

/// The worst of them.
[[nodiscard]] CheckState worst(std::span<const Finding> findings);

}  // namespace bulla::services

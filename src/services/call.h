#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "config/config.h"
#include "services/instance.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace bulla::services {

struct CallOptions {
    bool prompt = false;  ///< As InstanceOptions::prompt.
    const Clock& clock;
    Random& random;
};

/// A service call from outside the daemon. A change goes to the daemon if it owns the instance, else the lock is taken and the work done
/// here; a question is answered from the read-only database here, but those about queue and status by the daemon if it runs (it alone
/// knows what is under way). Errors: those of Instance::open, of the socket and of the service.
[[nodiscard]] Result<nlohmann::json> call_instance(const config::Config& config,
                                                   std::string_view call,
                                                   const nlohmann::json& arguments,
                                                   const CallOptions& options);

}  // namespace bulla::services

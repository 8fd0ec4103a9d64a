#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "config/config.h"
#include "services/instance.h"
#include "services/service.h"

#include <memory>
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

/// Many calls in a row, as call_instance() makes them: without a daemon the instance is opened, and locked, once for all of them. One thread.
class CallSession {
  public:
    /// `config` and what `options` refers to must outlive it. Errors: those of Instance::open.
    [[nodiscard]] static Result<std::unique_ptr<CallSession>> open(const config::Config& config,
                                                                   const CallOptions& options);

    /// Never for calls about the queue.
    [[nodiscard]] Result<nlohmann::json> call(std::string_view name,
                                              const nlohmann::json& arguments);

  private:
    CallSession(const config::Config& config, const CallOptions& options)
        : config_(config), options_(options) {}

    const config::Config& config_;
    CallOptions options_;
    std::unique_ptr<Instance> instance_;  // null: the daemon has it
    std::unique_ptr<ServiceContext> context_;
};

}  // namespace bulla::services

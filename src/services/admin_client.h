#pragma once
#include "base/error.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bulla::services {

/// Asks the daemon behind the socket at `path` for a service call and waits, at most two minutes. Errors: admin.unreachable (nobody listens,
/// it is not permitted, or the daemon stopped before it had read the call, which was then not made), those of the protocol, and the service's own.
[[nodiscard]] Result<nlohmann::json> call_daemon(const std::string& path,
                                                 std::string_view call,
                                                 const nlohmann::json& arguments);

}  // namespace bulla::services

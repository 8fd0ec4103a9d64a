#pragma once
#include "base/error.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

// The wire of state/admin.sock: four octets of length (big-endian), then that many octets of JSON, in both directions. A request is
// {"call": NAME, "arguments": {…}}, a response {"value": …} or {"error": {"code", "fault", "text"}}. One request a connection.

namespace bulla::services {

inline constexpr std::size_t max_admin_request = 1U << 20U;
inline constexpr std::size_t max_admin_response = 64U << 20U;

using AdminDeadline = std::chrono::steady_clock::time_point;

/// Reads one frame from a connected socket. Errors: admin.closed, admin.unread (closed before the other end had read
/// all that was sent to it), admin.too_large, admin.timeout, admin.bad_json.
[[nodiscard]] Result<nlohmann::json> read_admin_frame(int socket,
                                                      std::size_t max,
                                                      AdminDeadline deadline);
/// Writes one frame. Errors: admin.closed, admin.unread, admin.timeout, admin.too_large.
[[nodiscard]] Result<void> write_admin_frame(int socket,
                                             const nlohmann::json& value,
                                             std::size_t max,
                                             AdminDeadline deadline);

[[nodiscard]] nlohmann::json write_admin_result(const Result<nlohmann::json>& result);
/// Error: what the response carries, or admin.bad_json.
[[nodiscard]] Result<nlohmann::json> parse_admin_result(const nlohmann::json& response);

}  // namespace bulla::services

#pragma once
#include "base/clock.h"
#include "base/date.h"

#include <nlohmann/json.hpp>

// Times in the JSON of services: RFC 3339 in UTC with six decimals, "2026-11-22T06:10:00.123456Z".

namespace bulla::services {

[[nodiscard]] inline nlohmann::json json_time(Time time) {
    return write_rfc3339(time, true);
}

/// The same for microseconds since 1970, as the database has them; null for 0 ("never").
[[nodiscard]] inline nlohmann::json json_time(std::int64_t micros) {
    return micros == 0 ? nlohmann::json(nullptr) : json_time(from_micros(micros));
}

}  // namespace bulla::services

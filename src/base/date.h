#pragma once
#include "base/clock.h"
#include "base/error.h"

#include <string>
#include <string_view>

namespace bulla {

/// `time` as RFC 3339 in UTC, such as "2026-11-22T02:57:50Z"; with `micros`, "2026-11-22T02:57:50.123456Z".
[[nodiscard]] std::string write_rfc3339(Time time, bool micros = false);

/// Reads an RFC 3339 date-time with any offset. Error: date.bad.
[[nodiscard]] Result<Time> parse_rfc3339(std::string_view text);

/// `time` as the date-time of RFC 5322 3.3 in UTC, such as "Sun, 22 Nov 2026 02:57:50 +0000".
[[nodiscard]] std::string write_rfc5322_date(Time time);

}  // namespace bulla

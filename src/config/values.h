#pragma once
#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulla::config {

/// Reads a number of octets: "4096", "64 KiB", "50 MiB", "1 GiB" (the space may be missing). Error: value.bad.
[[nodiscard]] Result<std::int64_t> parse_size(std::string_view text);
/// The shortest text that parse_size reads as `octets`.
[[nodiscard]] std::string write_size(std::int64_t octets);

/// Reads a time in seconds: "90", "90 s", "5 min", "4 h", "7 d". Error: value.bad.
[[nodiscard]] Result<std::int64_t> parse_duration(std::string_view text);
/// The shortest text that parse_duration reads as `seconds`.
[[nodiscard]] std::string write_duration(std::int64_t seconds);

/// A whole number in decimal, nothing around it. Error: value.bad.
[[nodiscard]] Result<std::int64_t> parse_whole(std::string_view text);

/// True if a route or group can match by `pattern`: an address or domain with the wildcards * and ?, printable ASCII or UTF-8, 1…253 octets.
[[nodiscard]] bool is_pattern(std::string_view pattern);

}  // namespace bulla::config

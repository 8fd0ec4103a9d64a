#pragma once
#include "base/error.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulla::api {

/// A request's target, taken apart and decoded once (RFC 3986 3.3, 3.4).
struct Target {
    std::vector<std::string> segments;  ///< Of the path, without the first slash; {""} for "/".
    std::vector<std::pair<std::string, std::string>>
        query;  ///< In their order; "+" is a space, as browsers write it.

    /// The path as text, not encoded; "/" before each segment.
    [[nodiscard]] std::string path() const;
};

/// Reads `text` strictly: good percent-encoding, UTF-8, no control characters, no segment "." or "..", no slash or backslash that was encoded,
/// at most 32 segments; of the query at most 64 parameters, each "name=value". Error: http.bad_target.
[[nodiscard]] Result<Target> parse_target(std::string_view text);

/// True if `text` is UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace bulla::api

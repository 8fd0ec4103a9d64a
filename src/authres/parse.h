#pragma once
#include "authres/types.h"
#include "base/error.h"

#include <cstddef>
#include <string_view>

namespace bulla::authres {

/// Limits on one field; beyond them it is refused.
struct ParseLimits {
    std::size_t max_octets = 32 * 1024;
    std::size_t max_methods = 64;
    std::size_t max_properties = 64;  ///< Of one method.
    std::size_t max_comment_depth = 16;
};

/// Reads the value of an Authentication-Results field (RFC 8601 2.2), which may be folded; also what stands behind "i=N;" in an
/// ARC-Authentication-Results field (RFC 8617 4.1.1). Methods without a result, and pairs that are neither reason nor property
/// ("action=none"), are passed over; values may hold characters that the grammar wants quoted, as addresses and base64 in the wild do.
/// Errors: authres.malformed, authres.too_long.
[[nodiscard]] Result<Results> parse_results(std::string_view value, const ParseLimits& limits = {});

}  // namespace bulla::authres

#pragma once
#include "authres/types.h"

#include <string>

namespace bulla::authres {

struct WriteOptions {
    bool utf8 = false;  ///< The message is one of RFC 6532: UTF-8 may stand in values.
};

/// The value of an Authentication-Results field that says all of `results` (RFC 8601 2.2): folded to 78 columns where a value allows it,
/// values quoted where they must be, "none" without methods; it begins without and ends without a line end, and what follows the first line
/// begins with white space. `first_column` is where the value begins. Values may be hostile: control characters, and UTF-8 without `utf8`,
/// become "?"; what is longer than 500 octets is cut. Words of methods keep letters, digits, "-" and "_" alone.
[[nodiscard]] std::string write_results(const Results& results,
                                        std::size_t first_column,
                                        const WriteOptions& options = {});

/// The whole field "Authentication-Results: …" with its CRLF.
[[nodiscard]] std::string write_field(const Results& results, const WriteOptions& options = {});

}  // namespace bulla::authres

#pragma once
#include "base/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace bulla::gateway {

/// A reply as SMTP gives it (RFC 5321 4.2, RFC 3463).
struct Reply {
    int code = 250;
    std::string enhanced = "2.0.0";
    std::string text;
};

/// What is done about a failure: the reply at a door, and whether a delivery that met it is tried again.
struct Disposition {
    int code;
    std::string_view enhanced;
    bool retry;
    std::string_view rfc;
};

/// The one table of failures: every error code with which a sender is refused, or which is more than "try again", has its row; what the
/// SMTP sessions refuse about a message stands in it as smtp/refusals.h has it. A code without a row is a fault of ours: 451 4.3.0.
[[nodiscard]] Disposition decide_disposition(const Error& error);

/// True if a row of the table names `code` or its prefix.
[[nodiscard]] bool has_row(std::string_view code);

/// The codes of all rows, and the prefixes, which end in a dot.
[[nodiscard]] std::vector<std::string_view> row_codes();

/// The reply for `error`: with its text when the sender can do something about it, else in general words.
[[nodiscard]] Reply make_reply(const Error& error);

}  // namespace bulla::gateway

#pragma once
#include "base/error.h"

#include <string>
#include <string_view>

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

/// The one table of failures: every error code that can reach a door or an exit has its row; a code without a row counts as 451 4.3.0.
[[nodiscard]] Disposition decide_disposition(const Error& error);

/// True if a row of the table names `code` or its prefix.
[[nodiscard]] bool has_row(std::string_view code);

/// The reply for `error`: with its text when the sender can do something about it, else in general words.
[[nodiscard]] Reply make_reply(const Error& error);

}  // namespace bulla::gateway

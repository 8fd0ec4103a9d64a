#pragma once
#include "base/error.h"

#include <string>
#include <string_view>

namespace bulla::qmail {

/// The text with CRLF line ends that `text`, with LF ones as qmail's queue has it, goes out as (RFC 5321 2.3.8).
/// Errors: qmail.partial_line (it does not end with LF), qmail.stray_cr (a CR stands in it).
[[nodiscard]] Result<std::string> to_crlf(std::string_view text);

/// Header fields with LF line ends for a text that has those.
[[nodiscard]] std::string to_lf(std::string_view fields);

}  // namespace bulla::qmail

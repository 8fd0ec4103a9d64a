#pragma once
#include "base/error.h"
#include "mail/message.h"

#include <cstddef>
#include <string_view>
#include <vector>

namespace bulla::mail {

/// Where the header of a message or MIME entity lies in its bytes.
struct HeaderScan {
    std::vector<FieldSpan> fields;
    std::size_t header_end = 0;  ///< Behind the last field.
    std::size_t body_begin =
        0;  ///< Behind the empty line, or where the first line lies that is no field.
};

/// Finds the header fields at the start of `bytes`. Errors as Message::parse.
[[nodiscard]] Result<HeaderScan> scan_header(std::string_view bytes, const MessageLimits& limits);

}  // namespace bulla::mail

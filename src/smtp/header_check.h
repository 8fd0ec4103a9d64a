#pragma once
#include "smtp/refusals.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace bulla::smtp {

/// Limits on a message's header.
struct HeaderLimits {
    std::size_t bytes = 1U << 20;
    std::size_t fields = 1000;
    std::size_t received = 50;  ///< Received fields; more mean a loop (RFC 5321 6.3).
};

/// Checks the header of `message`, whose line ends are CRLF, in one pass without parsing it. Nothing, or header_too_big, too_many_fields or
/// mail_loop.
[[nodiscard]] std::optional<Refusal> check_header(std::string_view message,
                                                  const HeaderLimits& limits);

}  // namespace bulla::smtp

#pragma once
#include "smtp/reply.h"

#include <cstddef>
#include <string_view>

namespace bulla::smtp {

/// Limits on a message's header.
struct HeaderLimits {
    std::size_t bytes = 1U << 20;
    std::size_t fields = 1000;
    std::size_t received = 50;  ///< Received fields; more mean a loop (RFC 5321 6.3).
};

/// Checks the header of `message`, whose line ends are CRLF, in one pass without parsing it. Refusals: 552 5.3.4, 554 5.4.6.
[[nodiscard]] Answer<void> check_header(std::string_view message, const HeaderLimits& limits);

}  // namespace bulla::smtp

#pragma once
#include "smtp/data_reader.h"
#include "smtp/header_check.h"
#include "smtp/refusals.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bulla::smtp {

/// Limits of one session; each is the greatest value that is still allowed, has a reply and is counted when it is passed (Limit).
struct ServerLimits {
    /// A command line with CRLF; RFC 5321 4.5.3.1.4 says 512 plus what extensions add.
    std::size_t command_octets = 2048;
    std::size_t auth_octets = 12288;     ///< A line of an AUTH exchange with CRLF (RFC 4954 4).
    std::size_t skipped_octets = 65536;  ///< Read past of a line that is too long; then 421.
    std::size_t recipients = 1000;       ///< Per message.
    std::size_t errors = 20;             ///< Refused commands; 421 follows the refusal past it.
    std::size_t refusals = 200;          ///< Senders and recipients that the gateway refused.
    /// NOOP, RSET, VRFY, HELP, EHLO, XFORWARD, XCLIENT and empty chunks since the last message.
    std::size_t idle_commands = 100;
    std::size_t transactions = 1000;  ///< MAIL commands.
    std::size_t auth_attempts = 3;
    /// Read past of a message that is refused anyway, beyond its size limit; then 421.
    std::uint64_t dropped_octets = 128U << 20;
    DataLimits data;
    HeaderLimits header;
};

/// A limit that a session can pass.
enum class Limit : std::uint8_t {
    command_octets,
    auth_octets,
    skipped_octets,
    recipients,
    errors,
    refusals,
    idle_commands,
    transactions,
    auth_attempts,
    dropped_octets,
    message_octets,
    line_octets,
    header_octets,
    header_fields,
    received_fields,
    memory,
    count,
};

/// The name of `limit` in a metric: "command_octets".
[[nodiscard]] std::string_view to_string(Limit limit);

/// How often each limit was passed, by Limit.
using LimitHits = std::array<std::uint32_t, static_cast<std::size_t>(Limit::count)>;

}  // namespace bulla::smtp

#include "smtp/limits.h"

namespace bulla::smtp {

std::string_view to_string(Limit limit) {
    constexpr std::array<std::string_view, static_cast<std::size_t>(Limit::count)> names{
        "command_octets",
        "auth_octets",
        "skipped_octets",
        "recipients",
        "errors",
        "refusals",
        "idle_commands",
        "transactions",
        "auth_attempts",
        "dropped_octets",
        "message_octets",
        "line_octets",
        "header_octets",
        "header_fields",
        "received_fields",
        "memory",
    };
    return names.at(static_cast<std::size_t>(limit));
}

}  // namespace bulla::smtp

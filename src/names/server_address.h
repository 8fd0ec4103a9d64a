#pragma once
#include "base/error.h"
#include "names/ip.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulla {

/// The address of a server, and its port where that is not the usual one.
struct ServerAddress {
    Ip ip;
    std::uint16_t port = 0;

    /// "192.0.2.1", "192.0.2.1:5353", "2001:db8::1" or "[2001:db8::1]:5353". Error: server_address.bad.
    [[nodiscard]] static Result<ServerAddress> parse(std::string_view text,
                                                     std::uint16_t usual_port);
    /// With its port, as parse() reads it.
    [[nodiscard]] std::string text() const;

    bool operator==(const ServerAddress&) const = default;
};

}  // namespace bulla

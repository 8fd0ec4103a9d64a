#pragma once
#include "base/error.h"
#include "names/ip.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulla::net {

/// An end of a connection: an address and port, or the path of a unix socket.
struct Endpoint {
    Ip ip;
    std::uint16_t port = 0;
    std::string path = {};  ///< Of a unix socket; else empty.
    bool any = false;       ///< "*": all addresses of both families, in one socket. For listeners.

    [[nodiscard]] bool is_unix() const { return !path.empty(); }

    [[nodiscard]] bool is_loopback() const { return is_unix() || ip.is_loopback(); }

    /// As parse() reads it.
    [[nodiscard]] std::string text() const;

    /// Reads "192.0.2.1:25", "[2001:db8::1]:25", "*:25" or "unix:/path". Error: net.bad_endpoint.
    [[nodiscard]] static Result<Endpoint> parse(std::string_view text);
    /// `ip` may be "*"; an address has no brackets. Error: net.bad_endpoint.
    [[nodiscard]] static Result<Endpoint> make(std::string_view ip, std::uint16_t port);

    bool operator==(const Endpoint&) const = default;
};

}  // namespace bulla::net

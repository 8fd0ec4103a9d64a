#pragma once
#include "base/error.h"
#include "names/ip.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bulla::smtp {

/// What a proxy says of the connection it passes on (the PROXY protocol, versions 1 and 2, of haproxy's proxy-protocol.txt).
struct ProxyHeader {
    std::size_t length = 0;  ///< Octets that the header takes at the start of the connection.
    std::optional<Ip>
        client;  ///< nullopt: the proxy speaks for itself (LOCAL), or does not know (UNKNOWN, another family).
    std::uint16_t client_port = 0;
};

/// Reads the header at the start of `in`; nullopt if more bytes are needed (never beyond 107 octets of version 1 or 2,064 of version 2).
/// There must be one: a connection without it is an error. Error: smtp.proxy_bad.
[[nodiscard]] Result<std::optional<ProxyHeader>> parse_proxy(std::string_view in);

}  // namespace bulla::smtp

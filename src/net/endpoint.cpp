#include "net/endpoint.h"

#include "base/system_text.h"
#include "net/socket.h"

#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

namespace bulla::net {

namespace {

constexpr std::string_view unix_prefix = "unix:";

Result<std::uint16_t> parse_port(std::string_view digits, std::string_view whole) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
        return fail("net.bad_endpoint",
                    Fault::us,
                    fmt::format("\"{}\": the port is no number from 0 to 65535", whole));
    }
    return port;
}

}  // namespace

std::string Endpoint::text() const {
    if (is_unix()) {
        return fmt::format("{}{}", unix_prefix, path);
    }
    if (any) {
        return fmt::format("*:{}", port);
    }
    return ip.is_v4() ? fmt::format("{}:{}", ip.text(), port)
                      : fmt::format("[{}]:{}", ip.text(), port);
}

Result<Endpoint> Endpoint::make(std::string_view ip, std::uint16_t port) {
    Endpoint endpoint;
    endpoint.port = port;
    if (ip == "*") {
        endpoint.any = true;
        return endpoint;
    }
    auto parsed = Ip::parse(ip);
    if (!parsed) {
        return fail("net.bad_endpoint",
                    Fault::us,
                    fmt::format("\"{}\" is no IP address and not \"*\"", ip));
    }
    endpoint.ip = *parsed;
    return endpoint;
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
    if (text.starts_with(unix_prefix)) {
        Endpoint endpoint;
        endpoint.path = text.substr(unix_prefix.size());
        if (endpoint.path.empty()) {
            return fail("net.bad_endpoint", Fault::us, "\"unix:\" needs the path of a socket");
        }
        return endpoint;
    }
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return fail("net.bad_endpoint",
                    Fault::us,
                    fmt::format("\"{}\" is not of the form address:port", text));
    }
    BULLA_TRY(port, parse_port(text.substr(colon + 1), text));
    auto address = text.substr(0, colon);
    const bool bracketed = address.starts_with('[') && address.ends_with(']');
    if (bracketed) {
        address = address.substr(1, address.size() - 2);
    }
    if (bracketed != address.contains(':')) {
        return fail(
            "net.bad_endpoint",
            Fault::us,
            fmt::format("\"{}\": an IPv6 address, and nothing else, stands in brackets", text));
    }
    return make(address, port);
}

sockaddr* SocketAddress::get() {
    void* storage_address = &storage;
    return static_cast<sockaddr*>(storage_address);
}

namespace {

template <class T>
SocketAddress wrap(const T& specific) {
    SocketAddress address;
    std::memcpy(&address.storage, &specific, sizeof specific);
    address.size = sizeof specific;
    return address;
}

template <class T>
T unwrap(const SocketAddress& address) {
    T specific{};
    std::memcpy(&specific, &address.storage, sizeof specific);
    return specific;
}

}  // namespace

Result<SocketAddress> make_socket_address(const Endpoint& endpoint) {
    if (endpoint.is_unix()) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (endpoint.path.size() >= sizeof address.sun_path) {
            return fail("net.bad_endpoint",
                        Fault::us,
                        fmt::format("the socket path {} is longer than {} bytes",
                                    endpoint.path,
                                    sizeof address.sun_path - 1));
        }
        endpoint.path.copy(address.sun_path, endpoint.path.size());
        return wrap(address);
    }
    if (!endpoint.any && endpoint.ip.is_v4()) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        std::memcpy(&address.sin_addr, endpoint.ip.bytes().data() + 12, 4);
        return wrap(address);
    }
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    if (!endpoint.any) {
        std::memcpy(&address.sin6_addr, endpoint.ip.bytes().data(), 16);
    }
    return wrap(address);
}

Endpoint make_endpoint(const SocketAddress& address) {
    Endpoint endpoint;
    std::array<std::uint8_t, 16> bytes{};
    if (address.family() == AF_UNIX) {
        const auto specific = unwrap<sockaddr_un>(address);
        // A client's end has no path: it is still a unix socket.
        endpoint.path = specific.sun_path[0] == '\0'
                            ? "(unnamed)"
                            : std::string(specific.sun_path,
                                          strnlen(specific.sun_path, sizeof specific.sun_path));
    } else if (address.family() == AF_INET) {
        const auto specific = unwrap<sockaddr_in>(address);
        bytes[10] = bytes[11] = 0xFF;
        std::memcpy(bytes.data() + 12, &specific.sin_addr, 4);
        endpoint.ip = Ip(bytes);
        endpoint.port = ntohs(specific.sin_port);
    } else if (address.family() == AF_INET6) {
        const auto specific = unwrap<sockaddr_in6>(address);
        std::memcpy(bytes.data(), &specific.sin6_addr, 16);
        endpoint.ip = Ip(bytes);
        endpoint.port = ntohs(specific.sin6_port);
    }
    return endpoint;
}

Result<UniqueFd> make_socket(int family) {
    UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) {
        return fail("net.socket",
                    Fault::us,
                    fmt::format("no socket could be made: {}", system_text(errno)));
    }
    set_no_delay(fd.get());
    return fd;
}

void set_no_delay(int fd) {
    const int on = 1;
    // Without effect, and without harm, on unix sockets.
    (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace bulla::net

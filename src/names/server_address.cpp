#include "names/server_address.h"

#include <charconv>
#include <fmt/format.h>

namespace bulla {
namespace {

std::unexpected<Error> bad(std::string_view text) {
    return fail("server_address.bad",
                Fault::sender,
                fmt::format("\"{}\" is no IP address, with or without :PORT", text));
}

}  // namespace

Result<ServerAddress> ServerAddress::parse(std::string_view text, std::uint16_t usual_port) {
    if (const auto ip = Ip::parse(text)) {
        return ServerAddress{.ip = *ip, .port = usual_port};
    }
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return bad(text);
    }
    const auto digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() ||
        port == 0) {
        return bad(text);
    }
    auto address = text.substr(0, colon);
    const bool bracketed = address.starts_with('[') && address.ends_with(']');
    if (bracketed) {
        address = address.substr(1, address.size() - 2);
    }
    const auto ip = Ip::parse(address);
    if (!ip || bracketed != address.contains(':')) {
        return bad(text);
    }
    return ServerAddress{.ip = *ip, .port = port};
}

std::string ServerAddress::text() const {
    return ip.is_v4() ? fmt::format("{}:{}", ip.text(), port)
                      : fmt::format("[{}]:{}", ip.text(), port);
}

}  // namespace bulla

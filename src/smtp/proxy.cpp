#include "smtp/proxy.h"

#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace bulla::smtp {

namespace {

constexpr std::string_view signature_v2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::string_view signature_v1 = "PROXY ";
// The longest line of version 1 with its CRLF, as its specification counts.
constexpr std::size_t max_v1 = 107;
constexpr std::size_t fixed_v2 = 16;
// Version 2 allows 65,535; proxies in use send some dozen octets, with TLS data some hundred.
constexpr std::size_t max_v2_rest = 2048;

std::unexpected<Error> bad(std::string text) {
    return fail("smtp.proxy_bad", Fault::sender, std::move(text), "PROXY protocol 2");
}

// A prefix of the other: more bytes may still make it whole.
bool may_begin(std::string_view in, std::string_view signature) {
    const std::size_t length = std::min(in.size(), signature.size());
    return in.substr(0, length) == signature.substr(0, length);
}

std::string_view take_word(std::string_view& text) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = !text.empty() && error == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(port) : std::nullopt;
}

Result<std::optional<ProxyHeader>> parse_v1(std::string_view in) {
    const std::size_t end = in.substr(0, max_v1).find("\r\n");
    if (end == std::string_view::npos) {
        if (in.size() >= max_v1) {
            return bad("The PROXY line is longer than 107 octets.");
        }
        return std::nullopt;
    }
    ProxyHeader header{.length = end + 2, .client = std::nullopt, .client_port = 0};
    std::string_view rest = in.substr(signature_v1.size(), end - signature_v1.size());
    const std::string_view family = take_word(rest);
    if (family == "UNKNOWN") {
        return header;
    }
    const auto client = Ip::parse(take_word(rest));
    const auto server = Ip::parse(take_word(rest));
    const auto client_port = parse_port(take_word(rest));
    const auto server_port = parse_port(take_word(rest));
    if ((family != "TCP4" && family != "TCP6") || !client || !server || !client_port ||
        !server_port || !rest.empty()) {
        return bad("The PROXY line is malformed.");
    }
    if (family == "TCP4" && !client->is_v4()) {
        return bad("The PROXY line says TCP4 with an IPv6 address.");
    }
    header.client = *client;
    header.client_port = *client_port;
    return header;
}

// The checksum field (type 3), when there is one, covers the whole header with the checksum itself taken as zero.
bool checksum_agrees(std::string_view header, std::size_t at) {
    while (at + 3 <= header.size()) {
        const std::size_t length = get_u16(header.substr(at + 1));
        if (at + 3 + length > header.size()) {
            return false;
        }
        if (header[at] == 3) {
            if (length != 4) {
                return false;
            }
            std::string zeroed(header);
            std::fill_n(zeroed.begin() + static_cast<std::ptrdiff_t>(at + 3), 4, '\0');
            return crc32c(zeroed) == get_u32(header.substr(at + 3));
        }
        at += 3 + length;
    }
    return at == header.size();
}

Ip read_v4(std::string_view in) {
    std::array<std::uint8_t, 16> bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    std::ranges::transform(
        in.substr(0, 4), bytes.begin() + 12, [](char c) { return static_cast<std::uint8_t>(c); });
    return Ip(bytes);
}

Ip read_v6(std::string_view in) {
    std::array<std::uint8_t, 16> bytes{};
    std::ranges::transform(
        in.substr(0, 16), bytes.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
    return Ip(bytes);
}

Result<std::optional<ProxyHeader>> parse_v2(std::string_view in) {
    if (in.size() < fixed_v2) {
        return std::nullopt;
    }
    const auto version_command = static_cast<unsigned char>(in[12]);
    const auto family = static_cast<unsigned char>(in[13]);
    const std::size_t rest = get_u16(in.substr(14));
    if (version_command != 0x20 && version_command != 0x21) {
        return bad("The PROXY header has an unknown version or command.");
    }
    if (rest > max_v2_rest) {
        return bad("The PROXY header is too long.");
    }
    if (in.size() < fixed_v2 + rest) {
        return std::nullopt;
    }
    const std::string_view whole = in.substr(0, fixed_v2 + rest);
    const std::string_view addresses = whole.substr(fixed_v2);
    ProxyHeader header{.length = whole.size(), .client = std::nullopt, .client_port = 0};
    // LOCAL, and families other than TCP over IPv4 or IPv6: the connection stands for itself.
    if (version_command == 0x20 || (family != 0x11 && family != 0x21)) {
        return header;
    }
    const std::size_t needed = family == 0x11 ? 12 : 36;
    if (rest < needed || !checksum_agrees(whole, fixed_v2 + needed)) {
        return bad("The PROXY header is malformed.");
    }
    header.client = family == 0x11 ? read_v4(addresses) : read_v6(addresses);
    header.client_port = get_u16(addresses.substr(family == 0x11 ? 8 : 32));
    return header;
}

}  // namespace

Result<std::optional<ProxyHeader>> parse_proxy(std::string_view in) {
    if (in.empty()) {
        return std::nullopt;
    }
    if (may_begin(in, signature_v1)) {
        return in.size() < signature_v1.size() ? Result<std::optional<ProxyHeader>>(std::nullopt)
                                               : parse_v1(in);
    }
    if (may_begin(in, signature_v2)) {
        return in.size() < signature_v2.size() ? Result<std::optional<ProxyHeader>>(std::nullopt)
                                               : parse_v2(in);
    }
    return bad("The connection does not begin with a PROXY header.");
}

}  // namespace bulla::smtp

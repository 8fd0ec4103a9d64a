#include "smtp/xforward.h"

#include "smtp/parameters.h"
#include "smtp/replies.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace bulla::smtp {

namespace {

constexpr std::size_t max_value = 255;
constexpr std::size_t max_attributes = 16;

// What a value came to after xtext; empty for the two forms of "not known".
Answer<std::string> read_value(std::string_view value) {
    if (is_word(value, "[UNAVAILABLE]") || is_word(value, "[TEMPUNAVAIL]")) {
        return std::string();
    }
    auto text = decode_xtext(value);
    const auto plain = [](char c) { return static_cast<unsigned char>(c) >= 32 && c != 127; };
    if (!text || text->size() > max_value || !std::ranges::all_of(*text, plain)) {
        return std::unexpected(replies::bad_parameter("Attribute value is not valid"));
    }
    return *std::move(text);
}

// "192.0.2.1" or "IPV6:2001:db8::1".
Answer<std::optional<Ip>> read_address(std::string_view text) {
    if (text.empty()) {
        return std::nullopt;
    }
    if (text.size() > 5 && is_word(text.substr(0, 5), "IPV6:")) {
        text.remove_prefix(5);
    }
    const auto ip = Ip::parse(text);
    if (!ip) {
        return std::unexpected(replies::bad_parameter("ADDR is not an address"));
    }
    return *ip;
}

Answer<std::uint16_t> read_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) {
        if (text.empty()) {
            return 0;
        }
        return std::unexpected(replies::bad_parameter("PORT is not a port"));
    }
    return port;
}

// The member that keeps the plain text of attribute `name` for `command`; null if it is none of these.
std::optional<std::string> Forwarded::* text_member(std::string_view name, ForwardCommand command) {
    const bool xforward = command == ForwardCommand::xforward;
    if (is_word(name, "NAME")) {
        return &Forwarded::name;
    }
    if (is_word(name, "PROTO")) {
        return &Forwarded::protocol;
    }
    if (is_word(name, "HELO")) {
        return &Forwarded::helo;
    }
    if (xforward && is_word(name, "IDENT")) {
        return &Forwarded::ident;
    }
    if (xforward && is_word(name, "SOURCE")) {
        return &Forwarded::source;
    }
    return !xforward && is_word(name, "LOGIN") ? &Forwarded::login : nullptr;
}

Answer<void> take_attribute(Forwarded& forwarded,
                            const Parameter& parameter,
                            ForwardCommand command) {
    if (!parameter.value) {
        return std::unexpected(replies::syntax("attribute=value"));
    }
    auto value = read_value(*parameter.value);
    if (!value) {
        return std::unexpected(std::move(value).error());
    }
    if (const auto member = text_member(parameter.keyword, command); member != nullptr) {
        forwarded.*member = *std::move(value);
        return {};
    }
    const bool xclient = command == ForwardCommand::xclient;
    if (is_word(parameter.keyword, "ADDR") || (xclient && is_word(parameter.keyword, "DESTADDR"))) {
        auto address = read_address(*value);
        if (!address) {
            return std::unexpected(std::move(address).error());
        }
        if (is_word(parameter.keyword, "ADDR")) {
            forwarded.address = *address;
        } else {
            forwarded.destination = *address;
        }
        return {};
    }
    if (is_word(parameter.keyword, "PORT") || (xclient && is_word(parameter.keyword, "DESTPORT"))) {
        auto port = read_port(*value);
        if (!port) {
            return std::unexpected(std::move(port).error());
        }
        if (is_word(parameter.keyword, "PORT")) {
            forwarded.port = *port;
        }
        return {};
    }
    // REVERSE_NAME is not verified by anyone, so nothing may rest on it.
    if (xclient && is_word(parameter.keyword, "REVERSE_NAME")) {
        return {};
    }
    return std::unexpected(replies::bad_parameter("Unknown attribute"));
}

}  // namespace

void Forwarded::merge(Forwarded other) {
    const auto take = [](auto& mine, auto& theirs) {
        if (theirs) {
            mine = std::move(theirs);
        }
    };
    take(name, other.name);
    take(address, other.address);
    take(port, other.port);
    take(protocol, other.protocol);
    take(helo, other.helo);
    take(ident, other.ident);
    take(source, other.source);
    take(login, other.login);
    take(destination, other.destination);
}

bool Forwarded::with_tls() const {
    const std::string_view word = protocol ? std::string_view(*protocol) : std::string_view{};
    constexpr std::string_view words[] = {"ESMTPS",
                                          "ESMTPSA",
                                          "UTF8SMTPS",
                                          "UTF8SMTPSA",
                                          "LMTPS",
                                          "LMTPSA",
                                          "UTF8LMTPS",
                                          "UTF8LMTPSA"};
    return std::ranges::any_of(words, [&](std::string_view known) { return is_word(word, known); });
}

Answer<Forwarded> parse_forwarded(std::string_view argument, ForwardCommand command) {
    Forwarded forwarded;
    for (std::size_t count = 0;; ++count) {
        const auto next = take_parameter(argument);
        if (!next) {
            return std::unexpected(replies::bad_parameter(next.error().text));
        }
        const std::optional<Parameter>& parameter = *next;
        if (!parameter) {
            if (count == 0) {
                return std::unexpected(replies::syntax("attribute=value"));
            }
            return forwarded;
        }
        if (count == max_attributes) {
            return std::unexpected(replies::bad_parameter("Too many attributes"));
        }
        if (auto taken = take_attribute(forwarded, *parameter, command); !taken) {
            return std::unexpected(std::move(taken).error());
        }
    }
}

}  // namespace bulla::smtp

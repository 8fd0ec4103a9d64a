#include "mail/message.h"
#include "milter/protocol.h"
#include "milter/replies.h"
#include "milter/server_session.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace bulla::milter {

namespace {

constexpr std::size_t max_name = 255;
// RFC 3461 5.4: ENVID has at most 100 octets, ORCPT at most 500.
constexpr std::size_t max_envid = 100;
constexpr std::size_t max_orcpt = 500;

std::unexpected<Error> bad_packet(std::string_view what) {
    return fail("milter.bad_packet", Fault::sender, fmt::format("{} that is none", what));
}

std::unexpected<Error> out_of_order(char command) {
    return fail("milter.out_of_order",
                Fault::sender,
                fmt::format("the command {:#x} has no place here",
                            static_cast<unsigned>(static_cast<unsigned char>(command))));
}

Ip loopback() {
    std::array<std::uint8_t, 16> bytes{};
    bytes.back() = 1;
    return Ip(bytes);
}

// The value of the parameter `name=value`; nothing if `parameter` is another one, or longer than it may be, or holds what none may hold.
std::optional<std::string> value_of(std::string_view parameter,
                                    std::string_view name,
                                    std::size_t max) {
    if (parameter.size() <= name.size() || parameter[name.size()] != '=' ||
        !mail::equal_ignoring_case(parameter.substr(0, name.size()), name)) {
        return std::nullopt;
    }
    const auto value = parameter.substr(name.size() + 1);
    const bool plain =
        std::ranges::all_of(value, [](char c) { return c > ' ' && c != '\x7F' && c != '='; });
    return plain && value.size() <= max ? std::optional<std::string>(value) : std::nullopt;
}

std::string protocol_of(const mail::Envelope& envelope, bool says_hello) {
    if (!says_hello) {
        return "SMTP";
    }
    // RFC 6531 4.3 and RFC 3848: UTF8SMTP or ESMTP, then S for TLS, then A for a log-in.
    return std::string(envelope.smtputf8 ? "UTF8SMTP" : "ESMTP") + (envelope.tls ? "S" : "") +
           (envelope.login ? "A" : "");
}

}  // namespace

Result<std::optional<Event>> ServerSession::handle(const Packet& packet) {
    const auto command = static_cast<Command>(packet.command);
    if (!negotiated_ && command != Command::negotiate && command != Command::quit) {
        return out_of_order(packet.command);
    }
    const bool is_text = command == Command::header || command == Command::end_of_header ||
                         command == Command::body || command == Command::end_of_body ||
                         command == Command::recipient || command == Command::data;
    if (is_text && !in_message_) {
        return out_of_order(packet.command);
    }
    switch (command) {
        case Command::negotiate:
            BULLA_CHECK(negotiate(packet.data));
            break;
        case Command::macros:
            BULLA_CHECK(macros_.take(packet.data));
            break;
        case Command::connect:
            BULLA_CHECK(connect(packet.data));
            break;
        case Command::helo:
            BULLA_CHECK(helo(packet.data));
            break;
        case Command::mail:
            return mail(packet.data);
        case Command::recipient:
            return recipient_command(packet.data);
        case Command::header:
            BULLA_CHECK(header(packet.data));
            break;
        case Command::end_of_header:
            message_.end_header();
            go_on_unless(step::silent_end_of_header);
            break;
        case Command::body:
            message_.add_body(packet.data);
            go_on_unless(step::silent_body);
            break;
        case Command::end_of_body:
            return end_of_body(packet.data);
        case Command::data:
            go_on_unless(step::silent_data);
            break;
        case Command::unknown:
            go_on_unless(step::silent_unknown);
            break;
        case Command::abort:
            end_message();
            macros_.end_message();
            break;
        case Command::quit_new_connection:
            forget_connection();
            macros_.clear();
            break;
        case Command::quit:
            closed_ = true;
            end_message();
            break;
        default:
            return out_of_order(packet.command);
    }
    return std::nullopt;
}

Result<void> ServerSession::connect(std::string_view data) {
    const auto name = take_text(data);
    if (!name || data.empty()) {
        return bad_packet("a client");
    }
    forget_connection();
    connected_ = true;
    envelope_.role = mail::Role::filter;
    const char family = data.front();
    data.remove_prefix(1);
    if (family == '4' || family == '6') {
        constexpr std::size_t port_octets = 2;
        if (data.size() < port_octets) {
            return bad_packet("a client");
        }
        data.remove_prefix(port_octets);
        auto address = take_text(data).value_or(data);
        if (mail::equal_ignoring_case(address.substr(0, 5), "IPv6:")) {
            address.remove_prefix(5);
        }
        const auto ip = Ip::parse(address);
        if (!ip) {
            return bad_packet("a client's address");
        }
        envelope_.client = *ip;
    } else if (family == 'L') {
        envelope_.client = loopback();
    } else if (family != 'U') {
        return bad_packet("a client's family of addresses");
    }
    // Mail servers give "[192.0.2.1]" or "unknown" where there is no name.
    const bool named = !name->empty() && !name->starts_with('[') && *name != "unknown";
    envelope_.client_name = named ? name->substr(0, max_name) : std::string_view();
    go_on_unless(step::silent_connect);
    return {};
}

Result<void> ServerSession::helo(std::string_view data) {
    const auto name = take_text(data);
    if (!name) {
        return bad_packet("a HELO");
    }
    envelope_.helo = name->substr(0, max_name);
    go_on_unless(step::silent_helo);
    return {};
}

std::optional<Mailbox> ServerSession::read_mailbox(std::string_view text) {
    if (text.starts_with('<') && text.ends_with('>')) {
        text = text.substr(1, text.size() - 2);
    }
    auto mailbox = Mailbox::parse(text);
    if (!mailbox && text.find('@') == std::string_view::npos) {
        // "root", as programs on the mail server's own machine send: it is of that machine.
        const auto host = macros_.find("j");
        mailbox = Mailbox::parse(
            fmt::format("{}@{}", text, host.empty() ? std::string_view(options_.hostname) : host));
    }
    if (mailbox) {
        return *std::move(mailbox);
    }
    if (bad_address_.empty()) {
        bad_address_ = text.substr(0, max_name);
    }
    return std::nullopt;
}

Result<std::optional<Event>> ServerSession::mail(std::string_view data) {
    const auto address = take_text(data);
    if (!connected_ || !address) {
        return bad_packet("a sender");
    }
    begin_message();
    while (const auto parameter = take_text(data)) {
        if (mail::equal_ignoring_case(*parameter, "SMTPUTF8")) {
            envelope_.smtputf8 = true;
        } else if (auto body = value_of(*parameter, "BODY", max_name)) {
            envelope_.eight_bit = mail::equal_ignoring_case(*body, "8BITMIME");
        } else if (auto ret = value_of(*parameter, "RET", 4)) {
            envelope_.ret = *std::move(ret);
        } else if (auto envid = value_of(*parameter, "ENVID", max_envid)) {
            envelope_.envid = *std::move(envid);
        }
    }
    if (*address != "<>" && !address->empty()) {
        envelope_.from = read_mailbox(*address);
    }
    note_client();
    if (options_.ask_about_envelope && bad_address_.empty()) {
        return Event::sender;
    }
    go_on_unless(step::silent_mail);
    return std::nullopt;
}

// What the mail server found out about its client, as its macros for MAIL have it.
void ServerSession::note_client() {
    const auto version = macros_.find("tls_version");
    const auto cipher = macros_.find("cipher");
    envelope_.tls = !version.empty();
    envelope_.tls_summary =
        envelope_.tls
            ? fmt::format("{} {}", version.substr(0, max_name), cipher.substr(0, max_name))
            : std::string();
    const auto login = macros_.find("auth_authen");
    envelope_.login = login.empty() ? std::nullopt : std::optional<std::string>(login);
    envelope_.protocol = protocol_of(envelope_, !envelope_.helo.empty());
}

Result<std::optional<Event>> ServerSession::recipient_command(std::string_view data) {
    const auto address = take_text(data);
    if (!address) {
        return bad_packet("a recipient");
    }
    if (envelope_.recipients.size() >= options_.recipients) {
        too_many_recipients_ = true;
        go_on_unless(step::silent_recipient);
        return std::nullopt;
    }
    auto mailbox = read_mailbox(*address);
    if (!mailbox) {
        go_on_unless(step::silent_recipient);
        return std::nullopt;
    }
    mail::Recipient recipient{.mailbox = *std::move(mailbox), .dsn = {}};
    while (const auto parameter = take_text(data)) {
        if (auto notify = value_of(*parameter, "NOTIFY", max_name)) {
            recipient.dsn.notify = *std::move(notify);
        } else if (auto orcpt = value_of(*parameter, "ORCPT", max_orcpt)) {
            recipient.dsn.orcpt = *std::move(orcpt);
        }
    }
    envelope_.recipients.push_back(std::move(recipient));
    if (options_.ask_about_envelope) {
        return Event::recipient;
    }
    go_on_unless(step::silent_recipient);
    return std::nullopt;
}

Result<void> ServerSession::header(std::string_view data) {
    const auto name = take_text(data);
    const auto value = take_text(data);
    if (!name || !value) {
        return bad_packet("a header field");
    }
    message_.add_field(*name, *value);
    go_on_unless(step::silent_header);
    return {};
}

Event ServerSession::end_of_body(std::string_view data) {
    message_.add_body(data);
    message_.end();
    // Some know the client's log-in and the queue's id only now.
    envelope_.mta_id = macros_.find("i").substr(0, max_name);
    return Event::message;
}

}  // namespace bulla::milter

#include "smtp/replies.h"
#include "smtp/server_session.h"

#include <fmt/format.h>
#include <utility>

namespace bulla::smtp {

namespace {

// What the other mail server says of its client counts over what we see of it.
const std::string& choose(const std::optional<std::string>& forwarded, const std::string& own) {
    return forwarded ? *forwarded : own;
}

}  // namespace

// Sets what the envelope says of the client: from the connection, then XCLIENT, then XFORWARD.
void ServerSession::set_identity() {
    mail::Envelope fresh;
    fresh.role = options_.role;
    fresh.client = options_.client;
    fresh.client_name = facts_.name;
    for (const auto* said : {&xclient_, &xforward_}) {
        fresh.client = said->address ? said->address->value_or(Ip()) : fresh.client;
        fresh.client_name = choose(said->name, said->address ? std::string() : fresh.client_name);
    }
    fresh.helo = choose(xforward_.helo, choose(xclient_.helo, helo_));
    fresh.login = login_;
    // In the filter role the connection is the other mail server's: its TLS says nothing of the client's.
    if (xforward_.protocol || xclient_.protocol) {
        const Forwarded& said = xforward_.protocol ? xforward_ : xclient_;
        fresh.protocol = said.protocol.value_or("");
        fresh.tls = said.with_tls();
    } else {
        fresh.protocol = protocol();
        fresh.tls = !options_.tls_summary.empty() && options_.role != mail::Role::filter;
        fresh.tls_summary = fresh.tls ? options_.tls_summary : "";
    }
    envelope_ = std::move(fresh);
}

// The keyword of "with" (RFC 3848; RFC 6531 4.3 for the UTF8 forms).
std::string ServerSession::protocol() const {
    if (!extended_) {
        return "SMTP";
    }
    std::string word = mail_.smtputf8 ? "UTF8SMTP" : "ESMTP";
    word += options_.tls_summary.empty() ? "" : "S";
    word += login_ ? "A" : "";
    return word;
}

std::optional<Event> ServerSession::handle_command(const Command& command) {
    switch (command.verb) {
        case Verb::mail:
            return handle_mail(command.argument);
        case Verb::rcpt:
            return handle_rcpt(command.argument);
        case Verb::data:
            return handle_data(command.argument);
        case Verb::bdat:
            return handle_bdat(command.argument);
        case Verb::starttls:
            return handle_starttls(command.argument);
        case Verb::auth:
            return handle_auth(command.argument);
        case Verb::xclient:
            return handle_xclient(command.argument);
        case Verb::xforward:
            handle_xforward(command.argument);
            break;
        case Verb::ehlo:
        case Verb::helo:
            handle_hello(command);
            break;
        case Verb::quit:
            close(replies::bye(options_.hostname));
            break;
        case Verb::rset:
        case Verb::noop:
        case Verb::vrfy:
        case Verb::help:
            handle_idle(command);
            break;
        case Verb::expn:
            refuse(replies::not_implemented());
            break;
        case Verb::foreign:
            // A web browser was sent here to speak for an attacker: what follows would be read as commands.
            close(replies::closing("This is SMTP"));
            break;
        case Verb::unknown:
            refuse(replies::unknown_command());
            break;
    }
    return std::nullopt;
}

void ServerSession::count_idle() {
    if (++idle_commands_ > options_.limits.idle_commands) {
        pass(Limit::idle_commands, "Too many commands without a message");
    }
}

void ServerSession::handle_idle(const Command& command) {
    switch (command.verb) {
        case Verb::rset:
            // RFC 5321 4.1.1: "servers SHOULD reject commands containing them as having invalid syntax": RSET, DATA and QUIT with
            // parameters.
            if (!command.argument.empty()) {
                return refuse(replies::syntax("RSET"));
            }
            reset_transaction();
            put(replies::ok());
            break;
        case Verb::vrfy:
            if (command.argument.empty()) {
                return refuse(replies::syntax("VRFY address"));
            }
            put(replies::cannot_verify());
            break;
        case Verb::help:
            put(replies::help());
            break;
        default:
            put(replies::ok());
            break;
    }
    count_idle();
}

Reply ServerSession::extensions() const {
    std::string text = fmt::format(
        "{}\nPIPELINING\nSIZE {}\n8BITMIME\nSMTPUTF8\nENHANCEDSTATUSCODES\nCHUNKING\nDSN",
        options_.hostname,
        options_.limits.data.message_bytes);
    if (options_.starttls && options_.tls_summary.empty()) {
        text += "\nSTARTTLS";
    }
    if (may_auth() && !login_) {
        text += "\nAUTH PLAIN LOGIN";
    }
    if (facts_.may_forward) {
        text += fmt::format("\nXFORWARD {}\nXCLIENT {}", xforward_attributes, xclient_attributes);
    }
    return {250, "", text};
}

void ServerSession::handle_hello(const Command& command) {
    auto name = parse_helo(command.argument);
    if (!name) {
        return refuse(name.error());
    }
    helo_ = *std::move(name);
    extended_ = command.verb == Verb::ehlo;
    // RFC 5321 4.1.4: an EHLO in the middle of the session clears all buffers "exactly as if a RSET command had been issued".
    reset_transaction();
    put(extended_ ? extensions() : Reply{250, "", options_.hostname});
    count_idle();
}

std::optional<Event> ServerSession::handle_starttls(std::string_view argument) {
    if (!options_.starttls) {
        refuse(replies::not_implemented());
        return std::nullopt;
    }
    if (!options_.tls_summary.empty()) {
        refuse(replies::bad_sequence("TLS is already active"));
        return std::nullopt;
    }
    if (!argument.empty()) {
        refuse({501, "5.5.4", "Syntax error (no parameters allowed)"});
        return std::nullopt;
    }
    put(replies::tls_ready());
    // RFC 3207 4.2: commands that came with STARTTLS were sent in clear, perhaps by another: they are never carried into the TLS session.
    input_.clear();
    used_ = 0;
    scanned_ = 0;
    state_ = State::tls;
    return std::nullopt;
}

bool ServerSession::may_auth() const {
    // RFC 4954 4: a server must not offer mechanisms that send the password itself without a protective layer, except where policy allows
    // it: loopback leaves the machine no more than TLS ends there.
    return options_.auth && (!options_.tls_summary.empty() || envelope_.client.is_loopback());
}

std::optional<Event> ServerSession::handle_auth(std::string_view argument) {
    if (!options_.auth) {
        refuse(replies::not_implemented());
    } else if (!may_auth()) {
        refuse(replies::auth_encryption_required());
    } else if (login_) {
        // RFC 4954 4: "After an AUTH command has been successfully completed, no more AUTH commands may be issued in the same session."
        refuse(replies::bad_sequence("Already authenticated"));
    } else if (in_transaction_) {
        // RFC 4954 4: "The AUTH command is not permitted during a mail transaction."
        refuse(replies::bad_sequence("AUTH is not permitted during a mail transaction"));
    } else if (!extended_) {
        refuse(replies::bad_sequence("Send EHLO first"));
    } else if (++auth_attempts_ > options_.limits.auth_attempts) {
        pass(Limit::auth_attempts, "Too many authentication attempts");
    } else {
        exchange_ = {};
        return continue_auth(exchange_.start(argument));
    }
    return std::nullopt;
}

std::optional<Event> ServerSession::continue_auth(Answer<AuthExchange::Step> step) {
    state_ = State::command;
    if (!step) {
        refuse(step.error());
        return std::nullopt;
    }
    if (std::optional<Credentials>& given = step->credentials; given) {
        credentials_ = *std::move(given);
        return Event::auth;
    }
    state_ = State::auth;
    put(step->challenge);
    return std::nullopt;
}

void ServerSession::handle_xforward(std::string_view argument) {
    if (!facts_.may_forward) {
        return refuse(replies::not_authorized());
    }
    if (in_transaction_) {
        return refuse(replies::bad_sequence("XFORWARD is not permitted during a mail transaction"));
    }
    auto forwarded = parse_forwarded(argument, ForwardCommand::xforward);
    if (!forwarded) {
        return refuse(forwarded.error());
    }
    xforward_.merge(*std::move(forwarded));
    set_identity();
    put(replies::ok());
    count_idle();
}

std::optional<Event> ServerSession::handle_xclient(std::string_view argument) {
    if (!facts_.may_forward) {
        refuse(replies::not_authorized());
        return std::nullopt;
    }
    if (in_transaction_) {
        refuse(replies::bad_sequence("XCLIENT is not permitted during a mail transaction"));
        return std::nullopt;
    }
    auto forwarded = parse_forwarded(argument, ForwardCommand::xclient);
    if (!forwarded) {
        refuse(forwarded.error());
        return std::nullopt;
    }
    xclient_.merge(*std::move(forwarded));
    login_ = xclient_.login.value_or("").empty() ? std::nullopt : xclient_.login;
    helo_.clear();
    extended_ = false;
    reset_transaction();
    state_ = State::greet;
    count_idle();
    return std::nullopt;
}

}  // namespace bulla::smtp

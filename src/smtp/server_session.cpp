#include "smtp/server_session.h"

#include "base/secret.h"
#include "smtp/parameters.h"
#include "smtp/proxy.h"
#include "smtp/replies.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bulla::smtp {

ServerSession::ServerSession(ServerOptions options)
    : options_(std::move(options)),
      reader_(options_.limits.data, options_.memory),
      state_(options_.proxy ? State::proxy : State::greet) {
    set_identity();
}

void ServerSession::receive(std::string_view bytes) {
    // RFC 3207 4.2: what comes between STARTTLS and the handshake was said by anyone; it is dropped.
    if (state_ == State::tls || state_ == State::closed) {
        return;
    }
    if (unread().empty()) {
        input_.clear();
        used_ = 0;
        scanned_ = 0;
        feed(bytes);
    } else if (used_ > 0) {
        input_.erase(0, used_);
        scanned_ -= std::min(scanned_, used_);
        used_ = 0;
    }
    input_.append(bytes);
}

// Gives the text of a message to the reader and takes it off `bytes`.
void ServerSession::feed(std::string_view& bytes) {
    if (state_ == State::data) {
        bytes.remove_prefix(reader_.take_data(bytes));
        if (reader_.at_end()) {
            state_ = State::text_done;
        }
    } else if (state_ == State::chunk) {
        const auto length =
            static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, bytes.size()));
        if (chunk_ == Chunk::kept) {
            reader_.take_chunk(bytes.substr(0, length));
        }
        bytes.remove_prefix(length);
        chunk_left_ -= length;
        if (chunk_left_ == 0) {
            state_ = State::text_done;
        }
    }
}

std::string ServerSession::take_output() {
    return std::exchange(output_, {});
}

Wait ServerSession::wait() const {
    switch (state_) {
        case State::proxy:
            return Wait::proxy;
        case State::auth:
            return Wait::auth;
        case State::data:
        case State::chunk:
            return Wait::data;
        default:
            return Wait::command;
    }
}

Event ServerSession::next() {
    while (!pending_) {
        pending_ = step();
    }
    const Event event = pending_.value_or(Event::closed);
    if (event == Event::need_input || event == Event::closed) {
        pending_.reset();
    }
    return event;
}

// One step of the session: an event, or nothing when the next step can follow at once.
std::optional<Event> ServerSession::step() {
    if (stopping_ && state_ == State::command && !in_transaction_) {
        close(out_of_time_ ? replies::session_too_long()
                           : Reply{421, "4.3.2", options_.hostname + " Service shutting down"});
    }
    switch (state_) {
        case State::proxy:
            return read_proxy();
        case State::greet:
            return Event::connected;
        case State::tls:
            return Event::start_tls;
        case State::closed:
            return Event::closed;
        case State::text_done:
            return finish_text();
        case State::data:
        case State::chunk: {
            std::string_view rest = unread();
            feed(rest);
            used_ = input_.size() - rest.size();
            scanned_ = used_;
            if (reader_.octets() >
                options_.limits.data.message_bytes + options_.limits.dropped_octets) {
                pass(Limit::dropped_octets, "Message far too big");
                return std::nullopt;
            }
            return state_ == State::text_done ? std::nullopt : std::optional(Event::need_input);
        }
        case State::command:
        case State::auth:
            break;
    }
    const auto line = take_line();
    if (!line) {
        return state_ == State::closed ? std::nullopt : std::optional(Event::need_input);
    }
    ++commands_;
    return handle_line(*line);
}

std::optional<Event> ServerSession::read_proxy() {
    const auto header = parse_proxy(unread());
    if (!header) {
        // The other side is no SMTP client, so it gets no reply.
        state_ = State::closed;
        return std::nullopt;
    }
    const std::optional<ProxyHeader>& found = *header;
    if (!found) {
        return Event::need_input;
    }
    used_ += found->length;
    scanned_ = used_;
    if (found->client) {
        options_.client = *found->client;
        set_identity();
    }
    state_ = State::greet;
    return std::nullopt;
}

std::size_t ServerSession::line_limit() const {
    const bool auth = state_ == State::auth || is_word(unread().substr(0, 5), "AUTH ");
    return auth ? options_.limits.auth_octets : options_.limits.command_octets;
}

// Reads past the rest of a line that is too long; true when its end was found.
bool ServerSession::skip_line() {
    const std::size_t end = input_.find('\n', used_);
    const std::size_t next = end == std::string::npos ? input_.size() : end + 1;
    skipped_ += next - used_;
    used_ = next;
    scanned_ = next;
    if (skipped_ > options_.limits.skipped_octets) {
        pass(Limit::skipped_octets, "Line far too long");
    }
    skipping_ = end == std::string::npos;
    return !skipping_;
}

// The next line with its LF, or nothing if it is not whole. A line that is too long is answered here, once.
std::optional<std::string_view> ServerSession::take_line() {
    while (skipping_ || !unread().empty()) {
        if (skipping_) {
            if (!skip_line() || state_ == State::closed) {
                return std::nullopt;
            }
            ++commands_;
            pass(state_ == State::auth ? Limit::auth_octets : Limit::command_octets);
            refuse(state_ == State::auth ? replies::auth_line_too_long()
                                         : replies::line_too_long());
            if (state_ == State::closed) {
                return std::nullopt;
            }
            state_ = State::command;
            continue;
        }
        const std::size_t end = input_.find('\n', std::max(scanned_, used_));
        const std::size_t length = (end == std::string::npos ? input_.size() : end + 1) - used_;
        if (length > line_limit()) {
            skipping_ = true;
            skipped_ = 0;
            continue;
        }
        if (end == std::string::npos) {
            scanned_ = input_.size();
            return std::nullopt;
        }
        const std::string_view line = unread().substr(0, length);
        used_ += length;
        scanned_ = used_;
        return line;
    }
    return std::nullopt;
}

std::optional<Event> ServerSession::handle_line(std::string_view line) {
    const std::size_t begin = used_ - line.size();
    const std::size_t size = line.size();
    // RFC 5321 2.3.8: "Conforming implementations MUST NOT recognize or generate any other character or character sequence as a line terminator."
    if (!line.ends_with("\r\n")) {
        state_ = State::command;
        refuse(replies::bad_line_end());
        return std::nullopt;
    }
    line.remove_suffix(2);
    const bool auth = state_ == State::auth || is_word(line.substr(0, 4), "AUTH");
    std::optional<Event> event;
    if (std::ranges::any_of(line, [](char c) {
            return (static_cast<unsigned char>(c) < 32 && c != '\t') || c == 127;
        })) {
        state_ = State::command;
        refuse(line.contains('\r') ? replies::bad_line_end() : replies::bad_characters());
    } else if (state_ == State::auth) {
        event = continue_auth(exchange_.step(line));
    } else {
        event = handle_command(parse_command(line));
    }
    if (auth) {
        wipe(input_.data() + begin, std::min(size, input_.size() - begin));
    }
    return event;
}

void ServerSession::refuse(const Reply& reply) {
    put(reply);
    if (++errors_ > options_.limits.errors) {
        pass(Limit::errors, "Too many errors");
    }
}

// A limit is passed that ends the session.
void ServerSession::pass(Limit limit, const char* why) {
    pass(limit);
    close(replies::closing(why));
}

void ServerSession::close(const Reply& reply) {
    put(reply);
    reset_transaction();
    state_ = State::closed;
}

void ServerSession::abort(const Reply& reply) {
    if (state_ == State::closed) {
        return;
    }
    pending_.reset();
    // Without a greeting the client is not yet in a dialogue, but RFC 5321 3.1 lets 421 stand in for it; before PROXY nobody speaks SMTP.
    if (state_ == State::proxy || state_ == State::tls) {
        state_ = State::closed;
        return;
    }
    close(reply);
}

void ServerSession::reset_transaction() {
    reader_.clear();
    mail_ = {};
    asked_.clear();
    xforward_ = {};
    in_transaction_ = false;
    rcpt_refused_ = false;
    chunked_ = false;
    set_identity();
}

void ServerSession::answer(const Reply& reply) {
    const auto event = std::exchange(pending_, std::nullopt);
    if (!event) {
        return;
    }
    switch (*event) {
        case Event::connected:
            close(reply);
            return;
        case Event::mail:
            answer_mail(reply);
            break;
        case Event::recipient:
            answer_recipient(reply);
            break;
        case Event::data:
            answer_data(reply);
            break;
        case Event::message:
            put(reply);
            reset_transaction();
            break;
        case Event::auth:
            credentials_ = {};
            put(reply);
            break;
        case Event::start_tls:
        case Event::need_input:
        case Event::closed:
            return;
    }
    if (reply.code == 421 && state_ != State::closed) {
        reset_transaction();
        state_ = State::closed;
    }
}

void ServerSession::accept_client(ClientFacts facts) {
    pending_.reset();
    facts_ = std::move(facts);
    set_identity();
    state_ = State::command;
    put({220, "", options_.hostname + " ESMTP bulla"});
}

void ServerSession::accept_login(std::string account) {
    pending_.reset();
    credentials_ = {};
    login_ = std::move(account);
    set_identity();
    put({235, "2.7.0", "Authentication successful"});
}

void ServerSession::start_tls_done(std::string tls_summary) {
    pending_.reset();
    options_.tls_summary = std::move(tls_summary);
    // RFC 3207 4.2: "The server MUST discard any knowledge obtained from the client, such as the argument to the EHLO command, which was not
    // obtained from the TLS negotiation itself."
    helo_.clear();
    extended_ = false;
    login_.reset();
    xclient_.helo.reset();
    reset_transaction();
    state_ = State::command;
}

void ServerSession::set_trusted_network(bool trusted) {
    envelope_.trusted_network = trusted && options_.role == mail::Role::relay;
}

Credentials ServerSession::take_credentials() {
    return std::exchange(credentials_, {});
}

Submission ServerSession::take_message() {
    return {.envelope = std::exchange(envelope_, {}), .text = reader_.release()};
}

}  // namespace bulla::smtp

#include "smtp/client_session.h"

#include "base/secret.h"
#include "smtp/parameters.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace bulla::smtp {

ClientSession::ClientSession(ClientOptions options)
    : options_(std::move(options)), reader_(options_.replies) {}

ClientStage ClientSession::stage() const {
    switch (state_) {
        case State::greeting:
            return ClientStage::greeting;
        case State::ehlo:
        case State::helo:
            return ClientStage::hello;
        case State::starttls:
        case State::handshake:
            return ClientStage::tls;
        case State::auth:
            return ClientStage::auth;
        case State::envelope:
        case State::body:
        case State::final_reply:
        case State::reset:
            return ClientStage::transaction;
        default:
            return ClientStage::idle;
    }
}

void ClientSession::command(std::string_view line) {
    commands_.append(line);
    commands_.append("\r\n");
}

void ClientSession::wrote() {
    if (secret_output_) {
        wipe(commands_.data(), commands_.size());
        secret_output_ = false;
    }
    commands_.clear();
    views_.clear();
}

ClientEvent ClientSession::next() {
    for (;;) {
        if (!commands_.empty() && views_.empty()) {
            views_.emplace_back(commands_);
        }
        if (state_ == State::body) {
            give_body();
        }
        if (!views_.empty() && state_ != State::closed) {
            return ClientEvent::write;
        }
        switch (state_) {
            case State::handshake:
                return ClientEvent::start_tls;
            case State::ready:
                return ClientEvent::ready;
            case State::closed:
                return ClientEvent::closed;
            case State::done:
                state_ = failure_ ? State::closed : State::ready;
                return ClientEvent::done;
            default:
                break;
        }
        const auto reply = reader_.next();
        if (!reply) {
            lost({451, "4.5.0", reply.error().text});
        } else if (const std::optional<Reply>& whole = *reply; whole) {
            handle(*whole);
        } else {
            return ClientEvent::need_input;
        }
    }
}

void ClientSession::handle(const Reply& reply) {
    // RFC 5321 4.2.3: 421 may be the reply to any command; the server closes the connection.
    if (reply.code == 421 && state_ != State::quit) {
        lost(reply);
        return;
    }
    switch (state_) {
        case State::greeting:
            if (reply.code != 220) {
                return fail_session(reply);
            }
            state_ = State::ehlo;
            return command("EHLO " + options_.helo);
        case State::ehlo:
        case State::helo:
            return handle_hello(reply);
        case State::starttls:
            // What the server is said to have said in clear behind its 220 was not said by it.
            reader_.drop();
            if (reply.code == 220) {
                state_ = State::handshake;
                return;
            }
            if (options_.tls == ClientTls::required) {
                return fail_session({454, "4.7.4", "STARTTLS was refused: " + reply.text});
            }
            return begin_auth();
        case State::auth:
            if (reply.code != 235) {
                return fail_session(reply);
            }
            state_ = State::ready;
            return;
        case State::reset:
            return reply.is_positive()
                       ? begin_envelope()
                       : lost({451, "4.5.0", "RSET was refused: " + to_string(reply)});
        case State::envelope:
            return handle_envelope(reply);
        case State::final_reply:
            settle(as_final(reply));
            return finish();
        case State::quit:
            state_ = State::closed;
            return;
        default:
            // A reply that nothing was asked for: the two sides no longer mean the same.
            return lost({451, "4.5.0", "The server sent a reply to no command"});
    }
}

void ClientSession::handle_hello(const Reply& reply) {
    if (!reply.is_positive()) {
        // RFC 5321 3.2: "if the server returns a 'command not recognized' response to EHLO, the client SHOULD be able to fall back and
        // send HELO."
        if (state_ == State::ehlo && reply.is_permanent()) {
            state_ = State::helo;
            return command("HELO " + options_.helo);
        }
        return fail_session(reply);
    }
    capabilities_ = {};
    if (state_ == State::ehlo) {
        read_capabilities(reply.text);
    }
    after_hello();
}

void ClientSession::read_capabilities(std::string_view text) {
    // The first line is the server's name.
    for (std::size_t at = text.find('\n'); at != std::string_view::npos;) {
        const std::size_t end = text.find('\n', at + 1);
        const std::string_view line =
            trim(text.substr(at + 1, end == std::string_view::npos ? end : end - at - 1));
        const std::string_view word = line.substr(0, line.find_first_of(" ="));
        const std::string_view value = trim(line.substr(std::min(line.size(), word.size() + 1)));
        capabilities_.pipelining |= is_word(word, "PIPELINING");
        capabilities_.eight_bit |= is_word(word, "8BITMIME");
        capabilities_.smtputf8 |= is_word(word, "SMTPUTF8");
        capabilities_.dsn |= is_word(word, "DSN");
        capabilities_.starttls |= is_word(word, "STARTTLS");
        capabilities_.chunking |= is_word(word, "CHUNKING");
        if (is_word(word, "AUTH")) {
            std::string_view rest = value;
            while (!rest.empty()) {
                const std::string_view mechanism = rest.substr(0, rest.find(' '));
                capabilities_.auth_plain |= is_word(mechanism, "PLAIN");
                rest = trim(rest.substr(mechanism.size()));
            }
        } else if (std::uint64_t size = 0; is_word(word, "SIZE")) {
            const auto [stop, error] =
                std::from_chars(value.data(), value.data() + value.size(), size);
            capabilities_.size =
                error == std::errc{} && stop == value.data() + value.size() && size > 0
                    ? std::optional(size)
                    : std::nullopt;
        }
        at = end;
    }
}

void ClientSession::after_hello() {
    if (!options_.tls_active && options_.tls != ClientTls::none) {
        if (capabilities_.starttls) {
            state_ = State::starttls;
            return command("STARTTLS");
        }
        if (options_.tls == ClientTls::required) {
            return fail_session(
                {454, "4.7.4", "The server does not offer STARTTLS, which is required"});
        }
    }
    begin_auth();
}

void ClientSession::begin_auth() {
    state_ = State::ready;
    if (!options_.credentials) {
        return;
    }
    if (!options_.tls_active && !options_.auth_in_clear) {
        return fail_session({454, "4.7.4", "The password is not sent without TLS"});
    }
    if (!capabilities_.auth_plain) {
        return fail_session({454, "4.7.4", "The server does not offer AUTH PLAIN"});
    }
    state_ = State::auth;
    const SecretBytes response = write_auth_plain(*options_.credentials);
    commands_.reserve(response.size() + 16);
    commands_.append("AUTH PLAIN ");
    command(response.view());
    secret_output_ = true;
}

void ClientSession::start_tls_done() {
    reader_.drop();
    options_.tls_active = true;
    state_ = State::ehlo;
    command("EHLO " + options_.helo);
}

void ClientSession::quit() {
    state_ = State::quit;
    command("QUIT");
}

void ClientSession::fail_session(const Reply& reply) {
    failure_ = ClientFailure{.stage = stage(), .reply = reply};
    commands_.clear();
    views_.clear();
    state_ = State::closed;
}

void ClientSession::lost(const Reply& reply) {
    if (state_ == State::closed || state_ == State::done) {
        failure_ = failure_ ? failure_ : ClientFailure{.stage = ClientStage::idle, .reply = reply};
        return;
    }
    const bool transaction = stage() == ClientStage::transaction;
    const bool quitting = state_ == State::quit;
    fail_session(reply);
    if (quitting) {
        failure_.reset();
    }
    if (transaction) {
        settle(reply);
        state_ = State::done;
    }
}

}  // namespace bulla::smtp

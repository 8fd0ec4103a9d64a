#pragma once
#include "mail/envelope.h"
#include "smtp/auth.h"
#include "smtp/dot_stuffer.h"
#include "smtp/reply.h"
#include "smtp/reply_reader.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::smtp {

/// When STARTTLS is used.
enum class ClientTls : std::uint8_t { none, opportunistic, required };

struct ClientOptions {
    std::string helo;  ///< Our name for EHLO.
    ClientTls tls = ClientTls::opportunistic;
    bool tls_active = false;  ///< The connection began under TLS.
    std::optional<Credentials>
        credentials;  ///< AUTH PLAIN with these; the session fails where it cannot.
    bool auth_in_clear =
        false;              ///< The next hop is on loopback or a unix socket, so AUTH needs no TLS.
    bool chunking = false;  ///< Use BDAT where it is offered.
    ReplyLimits replies;
};

/// What EHLO said.
struct Capabilities {
    bool pipelining = false;
    bool eight_bit = false;
    bool smtputf8 = false;
    bool dsn = false;
    bool starttls = false;
    bool chunking = false;
    bool auth_plain = false;
    std::optional<std::uint64_t> size;  ///< Greatest message; 0 and nullopt: not said.
};

/// A message to hand over. What `pieces` view stays valid until `done` or `closed`.
struct Outgoing {
    std::optional<Mailbox> from;
    std::vector<mail::Recipient> recipients;
    std::vector<std::string_view> pieces;
    bool eight_bit = false;  ///< It has octets above 127, so it needs 8BITMIME.
    bool smtputf8 = false;   ///< An address or its header needs SMTPUTF8.
    std::string ret;
    std::string envid;
};

/// Where a session was when it failed.
enum class ClientStage : std::uint8_t { greeting, hello, tls, auth, transaction, idle };

/// Why a session ended before quit().
struct ClientFailure {
    ClientStage stage = ClientStage::greeting;
    Reply
        reply;  ///< The server's, or one of ours (4.4.2 lost, 4.5.0 not SMTP, 4.7.4 or 5.7.4 no TLS or AUTH as asked).
};

enum class ClientEvent : std::uint8_t {
    write,       ///< Send output(), then wrote().
    need_input,  ///< Read, then receive(); at the end of the stream or a fault, lost().
    start_tls,   ///< Shake hands, then start_tls_done(); if that fails, close.
    ready,       ///< send() or quit().
    done,        ///< results() are there; next() goes on.
    closed,      ///< Close the connection; failure() says why, if it was not quit().
};

/// An SMTP client's side of one connection (RFC 5321), without I/O, for any number of messages one after the other. Not thread-safe.
class ClientSession {
  public:
    explicit ClientSession(ClientOptions options);

    void receive(std::string_view bytes) { reader_.receive(bytes); }

    [[nodiscard]] ClientEvent next();

    /// What is to be sent at `write`; valid until wrote().
    [[nodiscard]] std::span<const std::string_view> output() const { return views_; }

    void wrote();
    void start_tls_done();
    /// Hands over a message; at `ready` only, with at least one recipient.
    void send(Outgoing message);
    /// Ends the session in good order; at `ready` only.
    void quit();
    /// The connection is gone or the deadline passed: recipients without an answer get `reply`, which is a 4xx.
    void lost(const Reply& reply);

    /// One final reply for each recipient of the last message, in order; positive: the server has taken it over.
    [[nodiscard]] const std::vector<Reply>& results() const { return results_; }

    [[nodiscard]] const std::optional<ClientFailure>& failure() const { return failure_; }

    [[nodiscard]] const Capabilities& capabilities() const { return capabilities_; }

    [[nodiscard]] bool has_tls() const { return options_.tls_active; }

    [[nodiscard]] ClientStage stage() const;

  private:
    enum class State : std::uint8_t {
        greeting,
        ehlo,
        helo,
        starttls,
        handshake,
        auth,
        ready,
        reset,
        envelope,
        body,
        final_reply,
        done,
        quit,
        closed
    };
    // Which command a reply belongs to.
    enum class Sent : std::uint8_t { mail, rcpt, data };

    // client_session.cpp: up to `ready`
    void command(std::string_view line);
    void handle(const Reply& reply);
    void handle_hello(const Reply& reply);
    void after_hello();
    void begin_auth();
    void read_capabilities(std::string_view text);
    void fail_session(const Reply& reply);

    // client_transaction.cpp: the transaction
    [[nodiscard]] std::optional<Reply> find_obstacle(const Outgoing& message) const;
    void begin_envelope();
    void fill_window();
    [[nodiscard]] std::string write_mail() const;
    [[nodiscard]] std::string write_rcpt(const mail::Recipient& recipient) const;
    void handle_envelope(const Reply& reply);
    void after_envelope();
    void begin_body(const Reply& reply);
    void give_body();
    void settle(const Reply& reply);
    [[nodiscard]] static Reply as_final(const Reply& reply);
    void finish();
    [[nodiscard]] bool any_open() const;

    [[nodiscard]] bool uses_chunks() const { return options_.chunking && capabilities_.chunking; }

    ClientOptions options_;
    State state_ = State::greeting;
    ReplyReader reader_;
    Capabilities capabilities_;
    std::optional<ClientFailure> failure_;

    std::string commands_;
    std::vector<std::string_view> views_;
    bool secret_output_ = false;

    Outgoing message_;
    std::vector<Reply> results_;
    DotStuffer stuffer_;
    std::deque<Sent> sent_;
    std::size_t next_rcpt_ = 0;      // the next to be sent
    std::size_t answered_rcpt_ = 0;  // the next to be answered
    bool mail_sent_ = false;
    bool mail_failed_ = false;
    bool data_sent_ = false;
    bool body_left_ = false;
    bool dirty_ = false;  // the server may still hold a transaction: RSET first
};

}  // namespace bulla::smtp

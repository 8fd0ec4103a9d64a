#pragma once
#include "mail/envelope.h"
#include "smtp/auth.h"
#include "smtp/commands.h"
#include "smtp/limits.h"
#include "smtp/reply.h"
#include "smtp/xforward.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulla::smtp {

/// What a session is told when it begins.
struct ServerOptions {
    std::string hostname;
    mail::Role role = mail::Role::inbound;
    ServerLimits limits;
    Ip client;                          ///< Who connected.
    bool proxy = false;                 ///< A PROXY header comes first, and says who connected.
    std::string tls_summary;            ///< Of a connection that begins under TLS; else empty.
    bool starttls = false;              ///< Offer STARTTLS.
    bool auth = false;                  ///< Offer AUTH, under TLS or to a client on loopback.
    std::optional<Mailbox> postmaster;  ///< Whom "<Postmaster>" means.
    MemoryGate* memory = nullptr;       ///< Outlives the session and its messages; null: no budget.
};

/// What the driver knows of a client.
struct ClientFacts {
    std::string name;          ///< Verified reverse name; empty if unknown.
    bool may_forward = false;  ///< XFORWARD and XCLIENT are offered to it.
};

/// What the session needs next. The events up to `auth` want exactly one answer before next() is called again.
enum class Event : std::uint8_t {
    connected,  ///< envelope().client is known (again, after PROXY or XCLIENT): accept_client() or answer() with a refusal.
    mail,       ///< MAIL came: envelope().from, mail(). answer(): 250 or a refusal.
    recipient,  ///< RCPT came: recipient(). answer().
    data,  ///< The message is about to come: answer() with a positive reply to take it, or a refusal.
    message,    ///< The message is there: take_message(), then answer().
    auth,       ///< take_credentials(), then accept_login() or answer() with a refusal.
    start_tls,  ///< Send the output, shake hands, then start_tls_done(). If that fails, close.
    need_input,  ///< Send the output, read, then receive(). wait() and epoch() say which deadline applies.
    closed,  ///< Send the output, then close.
};

/// For what a session waits at need_input: which deadline applies.
enum class Wait : std::uint8_t { proxy, command, auth, data };

/// A message with its envelope, complete. The taker gives `text.charged` back to the MemoryGate when the bytes are gone.
struct Submission {
    mail::Envelope envelope;
    ReadMessage text;
};

/// An SMTP server's side of one connection (RFC 5321), without I/O: the driver gives bytes to receive(), asks next() what to do, answers, and
/// sends what take_output() gives, so that replies to pipelined commands leave together (RFC 2920 3.2). Not thread-safe.
class ServerSession {
  public:
    explicit ServerSession(ServerOptions options);

    /// Bytes from the client. Not needed later: what belongs to a message is copied into it at once.
    void receive(std::string_view bytes);
    /// The next event; the same one again until it is answered.
    [[nodiscard]] Event next();
    /// What is to be sent, moved out.
    [[nodiscard]] std::string take_output();

    [[nodiscard]] bool has_output() const { return !output_.empty(); }

    /// The answer to connected, mail, recipient, data, message or auth. 421 ends the session after it.
    void answer(const Reply& reply);
    /// The good answer to `connected`.
    void accept_client(ClientFacts facts);
    /// The good answer to `auth`: `account` is the login in the envelope from now on.
    void accept_login(std::string account);
    /// TLS stands. What the client said before is forgotten (RFC 3207 4.2).
    void start_tls_done(std::string tls_summary);
    /// At `mail`, before its answer: whether envelope().client is in a trusted network. Counts in the relay role only.
    void set_trusted_network(bool trusted);

    /// Takes no further transaction: 421 after the one that is open, at once if there is none.
    void stop() { stopping_ = true; }

    /// stop() for a session that has had its time.
    void end_of_time() {
        stopping_ = true;
        out_of_time_ = true;
    }

    /// Ends the session with `reply` (a 421) wherever it stands; a message that is being read is dropped.
    void abort(const Reply& reply);

    [[nodiscard]] const mail::Envelope& envelope() const { return envelope_; }

    [[nodiscard]] const MailCommand& mail() const { return mail_; }

    [[nodiscard]] const mail::Recipient& recipient() const { return asked_.front(); }

    [[nodiscard]] Submission take_message();
    [[nodiscard]] Credentials take_credentials();
    [[nodiscard]] Wait wait() const;

    /// Changes with every command, and with every MiB of a message: set the deadline anew then, and only then.
    [[nodiscard]] std::uint64_t epoch() const { return commands_ + (reader_.octets() >> 20U); }

    /// How often each limit was passed since the last call; a driver counts them when the session ends.
    [[nodiscard]] LimitHits take_limit_hits() { return std::exchange(limit_hits_, {}); }

    /// True between an accepted MAIL and its end.
    [[nodiscard]] bool in_transaction() const { return in_transaction_; }

    [[nodiscard]] bool has_login() const { return login_.has_value(); }

  private:
    enum class State : std::uint8_t {
        proxy,
        greet,
        command,
        auth,
        data,
        chunk,
        text_done,
        tls,
        closed
    };
    // What a chunk is good for: part of a message, or octets that must be read past after a refusal.
    enum class Chunk : std::uint8_t { kept, dropped };

    // server_session.cpp: input and the loop
    [[nodiscard]] std::optional<Event> step();
    [[nodiscard]] std::optional<std::string_view> take_line();
    [[nodiscard]] bool skip_line();
    [[nodiscard]] std::optional<Event> handle_line(std::string_view line);
    [[nodiscard]] std::size_t line_limit() const;
    void feed(std::string_view& bytes);

    [[nodiscard]] std::string_view unread() const { return std::string_view(input_).substr(used_); }

    [[nodiscard]] std::optional<Event> read_proxy();

    void put(const Reply& reply) { write_reply(output_, reply); }

    void refuse(const Reply& reply);
    void refuse_message(Refusal refusal);

    void pass(Limit limit) { ++limit_hits_.at(static_cast<std::size_t>(limit)); }

    void pass(Limit limit, const char* why);
    void close(const Reply& reply);
    void reset_transaction();
    void answer_mail(const Reply& reply);
    void answer_recipient(const Reply& reply);
    void answer_data(const Reply& reply);
    void count_refusal(const Reply& reply);

    // server_commands.cpp: commands outside a transaction
    [[nodiscard]] std::optional<Event> handle_command(const Command& command);
    void handle_hello(const Command& command);
    void handle_idle(const Command& command);
    [[nodiscard]] std::optional<Event> handle_starttls(std::string_view argument);
    [[nodiscard]] std::optional<Event> handle_auth(std::string_view argument);
    [[nodiscard]] std::optional<Event> continue_auth(Answer<AuthExchange::Step> step);
    void handle_xforward(std::string_view argument);
    [[nodiscard]] std::optional<Event> handle_xclient(std::string_view argument);
    [[nodiscard]] Reply extensions() const;
    [[nodiscard]] bool may_auth() const;
    void count_idle();
    void set_identity();

    // server_data.cpp: the transaction
    [[nodiscard]] std::optional<Event> handle_mail(std::string_view argument);
    [[nodiscard]] std::optional<Event> handle_rcpt(std::string_view argument);
    [[nodiscard]] std::optional<Event> handle_data(std::string_view argument);
    [[nodiscard]] std::optional<Event> handle_bdat(std::string_view argument);
    void begin_chunk();
    void drop_chunk(const Reply& reply);
    [[nodiscard]] std::optional<Event> finish_text();
    [[nodiscard]] std::optional<Event> finish_chunk();
    [[nodiscard]] std::optional<Event> finish_message();
    [[nodiscard]] std::string protocol() const;

    ServerOptions options_;
    std::string output_;

    std::string input_;
    std::size_t used_ = 0;
    std::size_t scanned_ = 0;
    std::size_t skipped_ = 0;  // octets of a line that is too long and being read past; 0: none

    mail::Envelope envelope_;
    MailCommand mail_;
    std::vector<mail::Recipient> asked_;  // the one that `recipient` is about
    ClientFacts facts_;
    Forwarded xclient_;
    Forwarded xforward_;
    std::string helo_;
    std::optional<std::string> login_;
    AuthExchange exchange_;
    Credentials credentials_;

    DataReader reader_;
    BdatCommand bdat_;
    std::uint64_t chunk_left_ = 0;
    Reply chunk_reply_;

    std::uint64_t commands_ = 0;
    std::size_t errors_ = 0;
    std::size_t refusals_ = 0;
    std::size_t idle_commands_ = 0;
    std::size_t transactions_ = 0;
    std::size_t auth_attempts_ = 0;
    LimitHits limit_hits_{};

    State state_;
    std::optional<Event> pending_;
    Chunk chunk_ = Chunk::kept;
    bool skipping_ = false;
    bool extended_ = false;
    bool in_transaction_ = false;
    bool rcpt_refused_ = false;
    bool chunked_ = false;
    bool stopping_ = false;
    bool out_of_time_ = false;
};

}  // namespace bulla::smtp

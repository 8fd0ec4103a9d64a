#pragma once
#include "mail/envelope.h"
#include "milter/macros.h"
#include "milter/message_reader.h"
#include "milter/packet.h"
#include "names/ip.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::milter {

/// What the driver has to do next.
enum class Event {
    need_input,  ///< Send the output, then read more and receive() it.
    sender,      ///< Decide about envelope().from: answer(). Only with Options::ask_about_envelope.
    recipient,   ///< Decide about recipient(): answer(). Only with Options::ask_about_envelope.
    message,     ///< Take the message, then answer().
    closed,      ///< Send the output and close.
};

struct Options {
    MessageLimits message = {};
    std::size_t recipients = 1000;
    std::size_t packet_octets = (1U << 20U) + 1024;
    /// Senders and recipients are events, with a reply for each; without it the mail server does not wait and all is decided at the end.
    bool ask_about_envelope = false;
    std::string hostname =
        {};  ///< Of addresses without a domain, if the mail server does not tell its own.
};

/// What the mail server is to do.
struct Verdict {
    enum class Kind { go_on, discard, refuse };
    Kind kind = Kind::go_on;
    int code = 0;  ///< refuse: the reply, as SMTP gives it.
    std::string enhanced = {};
    std::string text = {};
};

/// A whole message and what was said about it.
struct Submission {
    mail::Envelope envelope;  ///< role: filter; `trusted_network` is the driver's to set.
    std::string bytes;        ///< CRLF line ends; empty if there is a flaw.
    std::optional<Flaw> flaw;
    std::string bad_address;  ///< An address of the envelope that is none; empty if all are.
    bool too_many_recipients = false;
    std::string daemon_name;  ///< What the mail server calls the listener of its own.
    bool is_postfix = false;  ///< It says that it is Postfix, which sends fields on as they are.
};

/// The filter's side of one connection of a mail server, which may carry many of its clients and messages, one after the other. Feed it with
/// receive(), ask next() what to do, and send take_output(). A packet that the protocol does not have there ends the connection, and nothing
/// of an unfinished message is left. One thread at a time.
class ServerSession {
  public:
    explicit ServerSession(Options options);

    void receive(std::string_view bytes) { reader_.feed(bytes); }

    [[nodiscard]] Event next();
    [[nodiscard]] std::string take_output();

    [[nodiscard]] bool has_output() const { return !output_.empty(); }

    [[nodiscard]] const mail::Envelope& envelope() const { return envelope_; }

    /// At Event::recipient.
    [[nodiscard]] const mail::Recipient& recipient() const { return envelope_.recipients.back(); }

    /// At Event::message, once.
    [[nodiscard]] Submission take_message();

    /// At Event::message, before answer(): changes of the message (milter/replies.h) are appended here.
    [[nodiscard]] std::string& changes() { return output_; }

    /// The answer to an event. A recipient that is refused is no part of the message.
    void answer(const Verdict& verdict);
    /// The present message is answered with a refusal for lack of memory.
    void refuse_for_memory();

    /// Octets of the present message and of packets that have not ended.
    [[nodiscard]] std::size_t octets() const { return message_.octets() + reader_.held(); }

    /// True once the present message has a flaw: nothing of it is kept any more.
    [[nodiscard]] bool is_refused() const { return message_.flaw().has_value(); }

    /// True from MAIL to the answer at the end of the message.
    [[nodiscard]] bool in_message() const { return in_message_; }

    /// True if header values have the white space after the colon, in both directions.
    [[nodiscard]] bool leading_space() const;
    /// True if header fields and the body can be changed, not only added to.
    [[nodiscard]] bool can_change() const;

    [[nodiscard]] const Macros& macros() const { return macros_; }

    /// Why the mail server was sent away; nothing if it left.
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  private:
    Result<std::optional<Event>> handle(const Packet& packet);
    Result<void> negotiate(std::string_view data);
    Result<void> connect(std::string_view data);
    Result<void> helo(std::string_view data);
    Result<std::optional<Event>> mail(std::string_view data);
    Result<std::optional<Event>> recipient_command(std::string_view data);
    Result<void> header(std::string_view data);
    Event end_of_body(std::string_view data);
    void send_away(Error error);
    void begin_message();
    void end_message();
    void forget_connection();
    void note_client();
    [[nodiscard]] std::optional<Mailbox> read_mailbox(std::string_view text);
    void go_on_unless(std::uint32_t silent_step);

    Options options_;
    PacketReader reader_;
    std::string output_;
    Macros macros_;
    mail::Envelope envelope_;
    MessageReader message_;
    std::string bad_address_;
    std::uint32_t actions_ = 0;
    std::uint32_t steps_ = 0;
    bool negotiated_ = false;
    bool connected_ = false;
    bool in_message_ = false;
    bool too_many_recipients_ = false;
    bool closed_ = false;
    std::optional<Event> asked_;
    std::optional<Error> error_;
};

}  // namespace bulla::milter

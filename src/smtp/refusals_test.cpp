#include "smtp/refusals.h"

#include "smtp/client_session.h"
#include "smtp/test_driver.h"

#include <gtest/gtest.h>

#include <functional>

namespace bulla::smtp {
namespace {

const std::string envelope = "MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\n";

class NoMemory final : public MemoryGate {
  public:
    [[nodiscard]] bool take(std::size_t /*bytes*/) override { return false; }

    void give(std::size_t /*bytes*/) override {}
};

// The reply of a session to a message with `text`.
Reply reply_to(std::string_view text, const std::function<void(ServerOptions&)>& set = {}) {
    auto options = test_options();
    if (set) {
        set(options);
    }
    Greeted driver(options);
    driver.say(envelope + "DATA\r\n");
    ReplyReader reader;
    reader.receive(driver.say(std::string(text) + ".\r\n"));
    const auto reply = reader.next();
    EXPECT_EQ(codes(driver.say("NOOP\r\n")), "250") << "the session goes on";
    return reply.value().value_or(Reply{});
}

// The result that a client session gives where the server offers `offer` only.
Reply result_with(std::string_view offer, Outgoing message) {
    ClientOptions options;
    options.helo = "mx.example.test";
    options.tls = ClientTls::none;
    ClientSession session(std::move(options));
    session.receive("220 hello\r\n");
    EXPECT_EQ(session.next(), ClientEvent::write);
    session.wrote();
    session.receive(std::string("250-mx\r\n250 ") + std::string(offer) + "\r\n");
    EXPECT_EQ(session.next(), ClientEvent::ready);
    message.recipients.push_back({.mailbox = Mailbox::parse("b@example.test").value(), .dsn = {}});
    session.send(std::move(message));
    EXPECT_EQ(session.next(), ClientEvent::done);
    return session.results().at(0);
}

Outgoing outgoing(std::string_view text) {
    Outgoing message;
    message.pieces = {text};
    return message;
}

Reply cause(Refusal refusal) {
    static NoMemory no_memory;
    switch (refusal) {
        case Refusal::bare_newline:
            return reply_to("a\nb\r\n");
        case Refusal::nul_octet:
            return reply_to(std::string_view("a: b\r\n\r\nx\0y\r\n", 13));
        case Refusal::line_too_long:
            return reply_to(std::string(10'001, 'x') + "\r\n");
        case Refusal::message_too_big:
            return reply_to("12345678\r\n123\r\n",
                            [](auto& options) { options.limits.data.message_bytes = 12; });
        case Refusal::header_too_big:
            return reply_to("Subject: x\r\n\r\n",
                            [](auto& options) { options.limits.header.bytes = 5; });
        case Refusal::too_many_fields:
            return reply_to("A: x\r\nB: x\r\n\r\n",
                            [](auto& options) { options.limits.header.fields = 1; });
        case Refusal::mail_loop:
            return reply_to("Received: x\r\nReceived: x\r\n\r\n",
                            [](auto& options) { options.limits.header.received = 1; });
        case Refusal::no_memory:
            return reply_to("x\r\n", [](auto& options) { options.memory = &no_memory; });
        case Refusal::needs_8bitmime: {
            auto message = outgoing("x\r\n");
            message.eight_bit = true;
            return result_with("SMTPUTF8", message);
        }
        case Refusal::needs_smtputf8: {
            auto message = outgoing("x\r\n");
            message.smtputf8 = true;
            return result_with("8BITMIME", message);
        }
        case Refusal::next_hop_limit:
            return result_with("SIZE 10", outgoing("123456789\r\n"));
    }
    return {};
}

// Each row is what a session gives: nobody else chooses a code for what is refused about a message.
TEST(Refusals, c2_6_each_row_is_what_a_session_gives) {
    ASSERT_EQ(refusals.size(), static_cast<std::size_t>(Refusal::next_hop_limit) + 1);
    for (std::size_t i = 0; i < refusals.size(); ++i) {
        const RefusalRow& row = refusals.at(i);
        EXPECT_EQ(static_cast<std::size_t>(row.refusal), i) << row.code << " stands elsewhere";
        const Reply reply = cause(row.refusal);
        EXPECT_EQ(reply.code, row.reply) << row.code;
        EXPECT_EQ(reply.enhanced, row.enhanced) << row.code;
        EXPECT_TRUE(reply.text.starts_with(row.text)) << row.code << ": " << reply.text;
        // RFC 3463 2: the class of the enhanced code is that of the reply.
        EXPECT_EQ(std::to_string(row.reply)[0], row.enhanced[0]) << row.code;
        EXPECT_FALSE(row.rfc.empty()) << row.code;
    }
}

TEST(Refusals, rfc2045_2_8_nul_is_refused_or_left_out_wherever_it_stands) {
    using namespace std::string_literals;

    struct Row {
        std::string text;
        std::string repaired;
    };

    const Row rows[] = {
        {"\0"s, "\r\n"},
        {"Sub\0ject: a\0\r\n\r\nb\r\n"s, "Subject: a\r\n\r\nb\r\n"},
        {"From: a@example.test\0\r\n\r\nb\r\n"s, "From: a@example.test\r\n\r\nb\r\n"},
        {"a: b\r\n\r\n\0.\r\nx\r\n"s, "a: b\r\n\r\n.\r\nx\r\n"},
        {"a: b\r\n\r\nx\r\0\nx\r\n"s, "a: b\r\n\r\nx\r\n\r\nx\r\n"},
        {"a: b\r\n\r\n"s + std::string(40, 'x') + "\0\0y\r\n"s,
         "a: b\r\n\r\n" + std::string(40, 'x') + "y\r\n"},
    };
    for (const auto& row : rows) {
        for (const std::size_t piece : {0, 1, 3, 16}) {
            for (const bool repair : {false, true}) {
                for (const bool chunked : {false, true}) {
                    auto options = test_options();
                    options.limits.data.repair = repair;
                    Greeted driver(options);
                    driver.say(envelope);
                    const bool ends = row.text.ends_with("\r\n");
                    const std::string input =
                        chunked ? "BDAT " + std::to_string(row.text.size()) + " LAST\r\n" + row.text
                                : "DATA\r\n" + row.text + (ends ? "" : "\r\n") + ".\r\n";
                    const std::string said = driver.say(input, piece);
                    const bool newline = row.text.contains("\r\0"s);
                    EXPECT_TRUE(codes(said).ends_with(repair    ? "250"
                                                      : newline ? "550"
                                                                : "554"))
                        << said;
                    ASSERT_EQ(driver.messages.size(), repair ? 1U : 0U);
                    if (repair) {
                        EXPECT_EQ(driver.messages[0].text.bytes, row.repaired);
                    }
                }
            }
        }
    }
}

}  // namespace
}  // namespace bulla::smtp

#include "smtp/server_session.h"
#include "smtp/test_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace bulla::smtp {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

const std::string begin_data = "MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n";

// Each limit with an input at it and one past it, and what is said.
struct Row {
    const char* name;
    Limit limit;  // what is counted; count: nothing, as it is syntax
    std::function<void(ServerOptions&)> set;
    std::string at;
    std::string at_replies;
    std::string past;
    std::string past_replies;
};

std::vector<Row> text_rows() {
    return {
        {"command line",
         Limit::command_octets,
         [](ServerOptions& o) { o.limits.command_octets = 100; },
         "NOOP " + std::string(93, 'x') + "\r\n",
         "250",
         "NOOP " + std::string(94, 'x') + "\r\nNOOP\r\n",
         "500 250"},
        {"endless line",
         Limit::skipped_octets,
         [](ServerOptions& o) { o.limits.skipped_octets = 5000; },
         std::string(4998, 'x') + "\r\nNOOP\r\n",
         "500 250",
         std::string(4999, 'x') + "\r\n",
         "421"},
        {"AUTH line",
         Limit::auth_octets,
         [](ServerOptions& o) {
             o.auth = true;
             o.client = Ip::parse("127.0.0.1").value();
             o.limits.auth_octets = 120;
         },
         "AUTH PLAIN\r\n" + std::string(118, '!') + "\r\n",
         "334 501",
         "AUTH PLAIN\r\n" + std::string(119, '!') + "\r\nNOOP\r\n",
         "334 500 250"},
        {"text line",
         Limit::line_octets,
         [](ServerOptions& o) { o.limits.data.line_bytes = 998; },
         begin_data + std::string(998, 'x') + "\r\n.\r\n",
         "250 250 354 250",
         begin_data + std::string(999, 'x') + "\r\n.\r\nNOOP\r\n",
         "250 250 354 550 250"},
        {"size declared",
         Limit::message_octets,
         [](ServerOptions& o) { o.limits.data.message_bytes = 50; },
         "MAIL FROM:<> SIZE=50\r\n",
         "250",
         "MAIL FROM:<> SIZE=51\r\nMAIL FROM:<> SIZE=99999999999999999999\r\n",
         "552 552"},
        {"size",
         Limit::message_octets,
         [](ServerOptions& o) { o.limits.data.message_bytes = 50; },
         begin_data + std::string(48, 'x') + "\r\n.\r\n",
         "250 250 354 250",
         begin_data + std::string(49, 'x') + "\r\n.\r\nNOOP\r\n",
         "250 250 354 552 250"},
        {"size of chunks",
         Limit::message_octets,
         [](ServerOptions& o) { o.limits.data.message_bytes = 10; },
         "MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nBDAT 5\r\naaaaaBDAT 5 LAST\r\naaa\r\n",
         "250 250 250 250",
         "MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nBDAT 5\r\naaaaaBDAT 6 "
         "LAST\r\naaaa\r\nNOOP\r\n",
         "250 250 250 552 250"},
        {"octets dropped",
         Limit::dropped_octets,
         [](ServerOptions& o) {
             o.limits.data.message_bytes = 50;
             o.limits.dropped_octets = 100;
         },
         begin_data + std::string(145, 'x') + "\r\n.\r\nNOOP\r\n",
         "250 250 354 552 250",
         begin_data + std::string(151, 'x'),
         "250 250 354 421"},
    };
}

std::vector<Row> session_rows() {
    const auto none = [](ServerOptions&) {};
    return {
        {"recipients",
         Limit::recipients,
         [](ServerOptions& o) { o.limits.recipients = 3; },
         "MAIL FROM:<>\r\n" + repeat("RCPT TO:<b@example.test>\r\n", 3),
         "250 250 250 250",
         "MAIL FROM:<>\r\n" + repeat("RCPT TO:<b@example.test>\r\n", 4) + "DATA\r\n.\r\n",
         "250 250 250 250 452 354 250"},
        {"header octets",
         Limit::header_octets,
         [](ServerOptions& o) { o.limits.header.bytes = 20; },
         begin_data + "a: " + std::string(15, 'x') + "\r\n\r\nbody\r\n.\r\n",
         "250 250 354 250",
         begin_data + "a: " + std::string(16, 'x') + "\r\n\r\nbody\r\n.\r\n",
         "250 250 354 552"},
        {"header fields",
         Limit::header_fields,
         [](ServerOptions& o) { o.limits.header.fields = 3; },
         begin_data + repeat("a: b\r\n c\r\n", 3) + "\r\nd: e\r\n.\r\n",
         "250 250 354 250",
         begin_data + repeat("a: b\r\n c\r\n", 4) + "\r\n.\r\n",
         "250 250 354 552"},
        {"hops",
         Limit::received_fields,
         none,
         begin_data + repeat("received: x\r\n", 50) + "\r\nReceived: y\r\n.\r\n",
         "250 250 354 250",
         begin_data + repeat("Received : x\r\n", 51) + "\r\n.\r\n",
         "250 250 354 554"},
        {"errors",
         Limit::errors,
         [](ServerOptions& o) { o.limits.errors = 3; },
         repeat("EXPN\r\n", 3) + "NOOP\r\n",
         "502 502 502 250",
         repeat("EXPN\r\n", 4) + "NOOP\r\n",
         "502 502 502 502 421"},
        {"idle commands",
         Limit::idle_commands,
         [](ServerOptions& o) { o.limits.idle_commands = 4; },
         repeat("NOOP\r\n", 3) + "MAIL FROM:<>\r\n",
         "250 250 250 250",
         repeat("NOOP\r\n", 4) + "NOOP\r\n",
         "250 250 250 250 421"},
        {"transactions",
         Limit::transactions,
         [](ServerOptions& o) { o.limits.transactions = 2; },
         repeat("MAIL FROM:<>\r\nRSET\r\n", 2),
         "250 250 250 250",
         repeat("MAIL FROM:<>\r\nRSET\r\n", 2) + "MAIL FROM:<>\r\n",
         "250 250 250 250 421"},
        {"log-in attempts",
         Limit::auth_attempts,
         [](ServerOptions& o) {
             o.auth = true;
             o.tls_summary = "TLSv1.3 test";
         },
         repeat("AUTH PLAIN !\r\n", 3) + "NOOP\r\n",
         "501 501 501 250",
         repeat("AUTH PLAIN !\r\n", 4),
         "501 501 501 421"},
    };
}

// Limits that the syntax has.
std::vector<Row> syntax_rows() {
    const auto none = [](ServerOptions&) {};
    return {
        {"path",
         Limit::count,
         none,
         "MAIL FROM:<" + std::string(64, 'a') + "@example.test>\r\n",
         "250",
         "MAIL FROM:<" + std::string(65, 'a') + "@example.test>\r\n",
         "553"},
        {"ENVID",
         Limit::count,
         none,
         "MAIL FROM:<> ENVID=" + std::string(100, 'e') + "\r\n",
         "250",
         "MAIL FROM:<> ENVID=" + std::string(101, 'e') + "\r\n",
         "501"},
        {"ORCPT",
         Limit::count,
         none,
         "MAIL FROM:<>\r\nRCPT TO:<b@example.test> ORCPT=rfc822;" + std::string(493, 'o') + "\r\n",
         "250 250",
         "MAIL FROM:<>\r\nRCPT TO:<b@example.test> ORCPT=rfc822;" + std::string(494, 'o') + "\r\n",
         "250 501"},
        {"HELO",
         Limit::count,
         none,
         "HELO " + std::string(255, 'h') + "\r\n",
         "250",
         "HELO " + std::string(256, 'h') + "\r\n",
         "501"},
    };
}

std::uint32_t hits_of(ServerSession& session, Limit limit) {
    const LimitHits hits = session.take_limit_hits();
    return limit == Limit::count ? 0 : hits.at(static_cast<std::size_t>(limit));
}

TEST(ServerLimits, c2_5_at_the_limit_and_one_past) {
    auto rows = text_rows();
    std::ranges::copy(session_rows(), std::back_inserter(rows));
    std::ranges::copy(syntax_rows(), std::back_inserter(rows));
    for (const auto& row : rows) {
        for (const std::size_t piece : {0, 1, 7}) {
            auto options = test_options();
            row.set(options);
            Greeted at(options);
            EXPECT_EQ(codes(at.say(row.at, piece)), row.at_replies) << row.name;
            EXPECT_NE(at.last, Event::closed) << row.name;
            EXPECT_EQ(hits_of(at.session, row.limit), 0U) << row.name;
            Greeted past(options);
            EXPECT_EQ(codes(past.say(row.past, piece)), row.past_replies) << row.name;
            EXPECT_EQ(past.last == Event::closed, row.past_replies.ends_with("421")) << row.name;
            EXPECT_EQ(hits_of(past.session, row.limit) > 0, row.limit != Limit::count) << row.name;
        }
    }
}

TEST(ServerLimits, c2_5_refused_addresses) {
    auto options = test_options();
    options.limits.refusals = 3;
    Greeted driver(options);
    driver.recipient_reply = [](const mail::Recipient&) { return Reply{550, "5.1.1", "No"}; };
    EXPECT_EQ(codes(driver.say("MAIL FROM:<>\r\n" + repeat("RCPT TO:<b@example.test>\r\n", 3))),
              "250 550 550 550");
    EXPECT_EQ(hits_of(driver.session, Limit::refusals), 0U);
    EXPECT_EQ(codes(driver.say("RCPT TO:<b@example.test>\r\n")), "550 421");
    EXPECT_EQ(driver.last, Event::closed);
    EXPECT_EQ(hits_of(driver.session, Limit::refusals), 1U);
}

TEST(ServerLimits, c2_5_empty_chunks_and_xforward_count_as_idle) {
    for (const std::string& command :
         {std::string("BDAT 0\r\n"), std::string("XFORWARD NAME=a\r\n")}) {
        auto options = test_options();
        options.limits.idle_commands = 4;
        TestDriver driver(options, {.name = "", .may_forward = true});
        driver.say("EHLO x\r\n");
        if (command.starts_with("BDAT")) {
            driver.say("MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\n");
        }
        EXPECT_EQ(codes(driver.say(repeat(command, 3))), "250 250 250") << command;
        EXPECT_NE(driver.last, Event::closed) << command;
        EXPECT_EQ(codes(driver.say(command)), "250 421") << command;
        EXPECT_EQ(hits_of(driver.session, Limit::idle_commands), 1U) << command;
    }
}

TEST(ServerLimits, c2_5_each_limit_has_a_name_of_its_own) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < static_cast<std::size_t>(Limit::count); ++i) {
        names.insert(to_string(static_cast<Limit>(i)));
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(Limit::count));
}

class CountingGate final : public MemoryGate {
  public:
    explicit CountingGate(std::size_t limit) : limit_(limit) {}

    [[nodiscard]] bool take(std::size_t bytes) override {
        if (used + bytes > limit_) {
            return false;
        }
        used += bytes;
        most = std::max(most, used);
        return true;
    }

    void give(std::size_t bytes) override { used -= bytes; }

    std::size_t used = 0;
    std::size_t most = 0;

  private:
    std::size_t limit_;
};

TEST(ServerLimits, c2_5_memory_is_asked_for_and_given_back) {
    CountingGate gate(1U << 20);
    auto options = test_options();
    options.memory = &gate;
    {
        Greeted driver(options);
        const std::string line = std::string(998, 'x') + "\r\n";
        EXPECT_EQ(codes(driver.say(begin_data + repeat(line, 1040) + ".\r\n")), "250 250 354 250");
        EXPECT_EQ(gate.used, 1U << 20) << "the taker of the message holds it";
        gate.give(driver.messages.at(0).text.charged);
        EXPECT_EQ(gate.used, 0U);
        EXPECT_EQ(codes(driver.say(begin_data + repeat(line, 1050) + ".\r\nNOOP\r\n")),
                  "250 250 354 452 250");
        EXPECT_EQ(hits_of(driver.session, Limit::memory), 1U);
        EXPECT_EQ(gate.used, 0U) << "given back at the fault, not at the end";
        driver.say(begin_data + repeat(line, 500));
        EXPECT_GT(gate.used, 0U);
    }
    EXPECT_EQ(gate.used, 0U) << "given back when the session goes";
}

TEST(ServerLimits, c2_5_a_big_message_is_never_held_twice) {
    for (const bool declared : {true, false}) {
        auto options = test_options();
        options.limits.data.message_bytes = 8U << 20;
        Greeted driver(options);
        const std::size_t lines = 4000;
        driver.say(std::string("MAIL FROM:<>") + (declared ? " SIZE=4000000" : "") +
                   "\r\nRCPT TO:<b@example.test>\r\nDATA\r\n");
        const std::string line = std::string(998, 'x') + "\r\n";
        for (std::size_t i = 0; i < lines; ++i) {
            driver.say(line);
        }
        driver.say(".\r\n");
        ASSERT_EQ(driver.messages.size(), 1U);
        const std::string& bytes = driver.messages[0].text.bytes;
        EXPECT_EQ(bytes.size(), lines * 1000);
        // One reservation: what was declared, or the greatest message. Growth by doubling would give another capacity.
        EXPECT_EQ(bytes.capacity(), declared ? 4000000U : 8U << 20);
    }
}

}  // namespace
}  // namespace bulla::smtp

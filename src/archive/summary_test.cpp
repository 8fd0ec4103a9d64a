#include "archive/summary.h"

#include <gtest/gtest.h>

namespace bulla::archive {
namespace {

TEST(Summary, round_trip) {
    const Summary summary{.subject = "Gr\xC3\xBC\xC3\x9F\x65 \"quoted\"\r\n",
                          .from = "a@example.test",
                          .to = {"b@example.test", "c@example.test"},
                          .cc = {"d@example.test"},
                          .recipients = {"e@example.test"},
                          .message_id = "1@example.test",
                          .date = "Sun, 22 Nov 2026 02:57:50 +0000",
                          .role = "relay",
                          .login = "alice",
                          .sender = "bounce@example.test",
                          .direction = "out",
                          .groups = {"board", "all"},
                          .client_ip = "192.0.2.1",
                          .client_name = "client.example.test",
                          .helo = "client",
                          .tls = "TLSv1.3"};
    const auto again = parse_summary(write_summary(summary)).value();
    EXPECT_EQ(again.subject, summary.subject);
    EXPECT_EQ(again.from, summary.from);
    EXPECT_EQ(again.to, summary.to);
    EXPECT_EQ(again.cc, summary.cc);
    EXPECT_EQ(again.recipients, summary.recipients);
    EXPECT_EQ(again.message_id, summary.message_id);
    EXPECT_EQ(again.date, summary.date);
    EXPECT_EQ(again.role, summary.role);
    EXPECT_EQ(again.login, summary.login);
    EXPECT_EQ(again.sender, summary.sender);
    EXPECT_EQ(again.direction, summary.direction);
    EXPECT_EQ(again.groups, summary.groups);
    EXPECT_EQ(again.client_ip, summary.client_ip);
    EXPECT_EQ(again.client_name, summary.client_name);
    EXPECT_EQ(again.helo, summary.helo);
    EXPECT_EQ(again.tls, summary.tls);
}

TEST(Summary, long_lists_and_broken_text_are_tamed) {
    Summary summary{.subject = std::string(5000, 'x'),
                    .to = std::vector<std::string>(500, "a@example.test")};
    summary.from = "\xFF\xC3";
    const auto again = parse_summary(write_summary(summary)).value();
    EXPECT_EQ(again.subject.size(), 1000U);
    EXPECT_EQ(again.to.size(), 200U);
    EXPECT_EQ(again.from, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Summary, other_json_is_refused_or_ignored) {
    EXPECT_EQ(parse_summary("").error().code, "catalogue.bad");
    EXPECT_EQ(parse_summary("[]").error().code, "catalogue.bad");
    EXPECT_EQ(parse_summary("{").error().code, "catalogue.bad");
    EXPECT_EQ(parse_summary(R"({"subject":7,"to":{"x":1},"cc":[1,"a"]})").value().cc,
              std::vector<std::string>{"a"});
    const auto nested =
        parse_summary(
            R"({"x":{"subject":"no"},"to":{"to":["no"]},"cc":["a",{"cc":"no"},"b"],"subject":"yes","tls":"1"})")
            .value();
    EXPECT_EQ(nested.subject, "yes");
    EXPECT_EQ(nested.to, std::vector<std::string>{});
    EXPECT_EQ(nested.cc, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(nested.tls, "1");
    EXPECT_EQ(parse_summary(R"([{"subject":"no"}])").error().code, "catalogue.bad");
    EXPECT_EQ(parse_summary("{\"x\":" + std::string(1000, '[')).error().code, "catalogue.bad");
}

}  // namespace
}  // namespace bulla::archive

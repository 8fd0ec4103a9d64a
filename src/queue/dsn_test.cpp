#include "queue/dsn.h"

#include <gtest/gtest.h>

namespace bulla::queue {
namespace {

Mailbox mailbox(std::string_view text) {
    return Mailbox::parse(text).value();
}

mail::Recipient recipient(std::string_view address,
                          std::string notify = "",
                          std::string orcpt = "") {
    return {.mailbox = mailbox(address),
            .dsn = {.notify = std::move(notify), .orcpt = std::move(orcpt)}};
}

std::string describe(const std::vector<Notice>& notices) {
    std::string text;
    for (const auto& notice : notices) {
        text += "fdrD"[static_cast<int>(notice.kind)];
        for (const auto i : notice.recipients) {
            text += std::to_string(i);
        }
    }
    return text;
}

TEST(Dsn, rfc3461_4_1_notify_decides_who_is_told_what) {
    struct Row {
        std::string_view notify;
        Outcome outcome;
        bool delay_due, final_delivery, passed_on;
        std::string_view wanted;
    };

    using enum Outcome;
    const std::vector<Row> table{
        {"", failed, false, false, false, "f0"},
        {"FAILURE", failed, false, false, false, "f0"},
        {"delay,failure", failed, false, false, false, "f0"},
        {"NEVER", failed, false, false, false, ""},
        {"SUCCESS", failed, false, false, false, ""},
        {"DELAY", failed, false, false, false, ""},
        {"", deferred, false, false, false, ""},
        {"", deferred, true, false, false, "d0"},
        {"DELAY", deferred, true, false, false, "d0"},
        {"FAILURE", deferred, true, false, false, ""},
        {"NEVER", deferred, true, false, false, ""},
        {"", delivered, false, false, false, ""},
        {"SUCCESS", delivered, false, false, false, "r0"},
        {"SUCCESS", delivered, false, false, true, ""},
        {"SUCCESS", delivered, false, true, false, "D0"},
        {"NEVER", delivered, false, true, false, ""},
    };
    for (const auto& row : table) {
        Payload payload{.from = mailbox("a@example.test"),
                        .recipients = {recipient("b@example.org", std::string(row.notify))}};
        const DeliveryReport report{.recipients = {{.outcome = row.outcome}},
                                    .final_delivery = row.final_delivery,
                                    .dsn_passed_on = row.passed_on};
        EXPECT_EQ(describe(decide_notices(payload, report, row.delay_due)), row.wanted)
            << row.notify << " " << static_cast<int>(row.outcome);
        payload.from.reset();
        EXPECT_EQ(describe(decide_notices(payload, report, row.delay_due)), "")
            << "a notice about a notice";
    }
}

TEST(Dsn, rfc3464_3_one_notice_tells_of_all_that_failed_and_none_of_the_others) {
    const Payload payload{.from = mailbox("a@example.test"),
                          .recipients = {recipient("b@example.org"),
                                         recipient("c@example.org"),
                                         recipient("d@example.org"),
                                         recipient("e@example.org", "NEVER")}};
    const DeliveryReport report{.recipients = {{.outcome = Outcome::failed},
                                               {.outcome = Outcome::delivered},
                                               {.outcome = Outcome::failed},
                                               {.outcome = Outcome::failed}}};
    EXPECT_EQ(describe(decide_notices(payload, report, false)), "f02");
}

constexpr std::string_view header =
    "From: a@example.test\r\nSubject: the secret plan\r\nMessage-ID: <1@example.test>\r\n";

DsnRequest make_request() {
    return {.kind = NoticeKind::failed,
            .hostname = "gate.example.test",
            .remote_mta = "mx.example.org",
            .now = from_unix(1'795'000'600),
            .arrived = from_unix(1'795'000'000),
            .retry_until = from_unix(1'795'432'000),
            .from = mailbox("a@example.test"),
            .envid = "QQ+2B1",
            .message = MessageId(123456789),
            .recipients = {recipient("b@example.org", "", "rfc822;Bob+2Bx@Example.ORG")},
            .results = {{.outcome = Outcome::failed,
                         .status = "5.1.1",
                         .diagnostic = "550 5.1.1 no such user",
                         .remote = true}},
            .header = header};
}

bool has_line(std::string_view text, std::string_view line) {
    return text.contains("\r\n" + std::string(line) + "\r\n");
}

TEST(Dsn, rfc3464_2_a_failure_has_the_three_parts_and_their_fields) {
    SystemRandom random;
    const auto dsn = make_dsn(make_request(), random);
    ASSERT_TRUE(dsn) << dsn.error().text;
    EXPECT_FALSE(dsn->envelope.from) << "RFC 3461 6.1: the null return path";
    ASSERT_EQ(dsn->envelope.recipients.size(), 1);
    EXPECT_EQ(dsn->envelope.recipients[0].mailbox.text(), "a@example.test");
    EXPECT_EQ(dsn->envelope.recipients[0].dsn.notify, "NEVER");
    EXPECT_FALSE(dsn->envelope.smtputf8);
    for (const std::string_view line :
         {"To: <a@example.test>",
          "Auto-Submitted: auto-replied",
          "Content-Type: multipart/report; report-type=delivery-status;",
          "Content-Type: message/delivery-status",
          "Original-Envelope-Id: QQ+1",
          "Reporting-MTA: dns;gate.example.test",
          "Original-Recipient: rfc822;Bob+x@Example.ORG",
          "Final-Recipient: rfc822;b@example.org",
          "Action: failed",
          "Status: 5.1.1",
          "Remote-MTA: dns;mx.example.org",
          "Diagnostic-Code: smtp;550 5.1.1 no such user",
          "Content-Type: text/rfc822-headers",
          "Subject: the secret plan"}) {
        EXPECT_TRUE(has_line(dsn->bytes, line)) << line;
    }
    EXPECT_FALSE(dsn->bytes.contains("Will-Retry-Until"));
}

TEST(Dsn, rfc3464_2_3_9_a_delay_says_until_when_attempts_go_on) {
    SystemRandom random;
    auto request = make_request();
    request.kind = NoticeKind::delayed;
    const auto dsn = make_dsn(request, random);
    ASSERT_TRUE(dsn);
    EXPECT_TRUE(has_line(dsn->bytes, "Action: delayed"));
    EXPECT_TRUE(dsn->bytes.contains("\r\nWill-Retry-Until: "));
}

TEST(Dsn, rfc6533_3_an_international_address_makes_the_global_forms) {
    SystemRandom random;
    auto request = make_request();
    request.recipients = {recipient("j\xC3\xB6rg@example.org")};
    const auto dsn = make_dsn(request, random);
    ASSERT_TRUE(dsn);
    EXPECT_TRUE(has_line(dsn->bytes, "Content-Type: message/global-delivery-status"));
    EXPECT_TRUE(has_line(dsn->bytes, "Content-Type: message/global-headers"));
    EXPECT_TRUE(has_line(dsn->bytes, "Final-Recipient: utf-8;j\xC3\xB6rg@example.org"));
    EXPECT_TRUE(dsn->envelope.eight_bit);
    EXPECT_FALSE(dsn->envelope.smtputf8) << "the address that it goes to is plain";
}

TEST(Dsn, remote_text_forges_no_field_and_no_part) {
    SystemRandom random;
    auto request = make_request();
    request.results[0].diagnostic = "550 x\r\nAction: delivered\r\n\r\n--";
    request.results[0].status = "5.0.0\r\nAction: delivered";
    request.remote_mta = "a\r\nAction: delivered";
    request.envid = "x+0D+0AAction:+20delivered";
    request.recipients[0].dsn.orcpt = "rfc822;x+0D+0AAction:+20delivered";
    const auto dsn = make_dsn(request, random);
    ASSERT_TRUE(dsn);
    EXPECT_FALSE(dsn->bytes.contains("\nAction: delivered"));
    EXPECT_FALSE(dsn->bytes.contains("\nAction:delivered"));
}

TEST(Dsn, rfc3464_2_1_2_an_address_stands_in_brackets) {
    SystemRandom random;
    auto request = make_request();
    for (const auto& [host, field] : {std::pair{"192.0.2.1", "Remote-MTA: dns;[192.0.2.1]\r\n"},
                                      std::pair{"2001:db8::1", "dns;[IPv6:2001:db8::1]\r\n"},
                                      std::pair{"mx.example.org", "dns;mx.example.org\r\n"}}) {
        request.remote_mta = host;
        EXPECT_TRUE(make_dsn(request, random)->bytes.contains(field)) << host;
    }
}

TEST(Dsn, c2_8_the_author_is_of_a_domain_that_can_sign) {
    SystemRandom random;
    auto request = make_request();
    const std::string_view from = "From: Mail system <postmaster@";
    EXPECT_TRUE(
        make_dsn(request, random)->bytes.contains(std::string(from) + "gate.example.test>"));
    request.postmaster_domain = "example.test";
    const auto dsn = make_dsn(request, random);
    EXPECT_TRUE(dsn->bytes.contains(std::string(from) + "example.test>"));
    EXPECT_TRUE(has_line(dsn->bytes, "Reporting-MTA: dns;gate.example.test"));
}

TEST(Dsn, no_more_than_64_kib_of_header_are_sent_back) {
    SystemRandom random;
    std::string long_header;
    while (long_header.size() < 500'000) {
        long_header += "X-Field: 0123456789\r\n";
    }
    auto request = make_request();
    request.header = long_header;
    const auto dsn = make_dsn(request, random);
    ASSERT_TRUE(dsn);
    EXPECT_LT(dsn->bytes.size(), 70'000);
    EXPECT_GT(dsn->bytes.size(), 60'000);
}

}  // namespace
}  // namespace bulla::queue

#include "smtp/server_session.h"

#include "base/encoding.h"
#include "smtp/test_driver.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bulla::smtp {
namespace {

constexpr std::string_view one_message =
    "MAIL FROM:<a@example.test> SIZE=40 BODY=8BITMIME RET=HDRS ENVID=q+2B1\r\n"
    "RCPT TO:<b@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@example.test\r\n"
    "RCPT TO:<c@example.test>\r\n"
    "DATA\r\n";
constexpr std::string_view text = "Subject: x\r\n\r\n..one\r\ntwo\r\n.\r\n";

std::string transcript(TestDriver& driver, std::string_view input) {
    return codes(driver.say(input));
}

TEST(ServerSession, c2_5_a_message_with_its_envelope) {
    Greeted driver(test_options());
    EXPECT_EQ(transcript(driver, one_message), "250 250 250 354");
    EXPECT_EQ(transcript(driver, text), "250");
    ASSERT_EQ(driver.messages.size(), 1U);
    const auto& [envelope, read] = driver.messages[0];
    EXPECT_EQ(read.bytes, "Subject: x\r\n\r\n.one\r\ntwo\r\n");
    EXPECT_EQ(envelope.client.text(), "192.0.2.7");
    EXPECT_EQ(envelope.helo, "client.example");
    EXPECT_EQ(envelope.protocol, "ESMTP");
    EXPECT_EQ(envelope.from->text(), "a@example.test");
    ASSERT_EQ(envelope.recipients.size(), 2U);
    EXPECT_EQ(envelope.recipients[0].dsn.notify, "SUCCESS,FAILURE");
    EXPECT_EQ(envelope.recipients[0].dsn.orcpt, "rfc822;b@example.test");
    EXPECT_TRUE(envelope.eight_bit);
    EXPECT_EQ(envelope.ret, "HDRS");
    EXPECT_EQ(envelope.envid, "q+2B1");
    EXPECT_FALSE(envelope.tls);
    EXPECT_FALSE(driver.session.in_transaction());
}

TEST(ServerSession, c2_5_ehlo_offers_what_is_there) {
    auto options = test_options();
    options.starttls = true;
    options.auth = true;
    TestDriver driver(options);
    const std::string offer = driver.say("EHLO x\r\n");
    EXPECT_TRUE(offer.starts_with("220 mx.example.test ESMTP bulla\r\n250-mx.example.test\r\n"))
        << offer;
    for (const auto* word : {"PIPELINING",
                             "SIZE 52428800",
                             "8BITMIME",
                             "SMTPUTF8",
                             "ENHANCEDSTATUSCODES",
                             "CHUNKING",
                             "DSN",
                             "STARTTLS"}) {
        EXPECT_NE(offer.find(std::string(word) + "\r\n"), std::string::npos) << word;
    }
    // RFC 4954 4: not in clear.
    EXPECT_EQ(offer.find("AUTH"), std::string::npos);
    EXPECT_EQ(offer.find("BINARYMIME"), std::string::npos);
    EXPECT_EQ(offer.find("XFORWARD"), std::string::npos);
    EXPECT_EQ(codes(driver.say("HELO y\r\n")), "250");
}

TEST(ServerSession, rfc2920_3_2_replies_to_a_group_leave_together) {
    Greeted driver(test_options());
    driver.events.clear();
    driver.say(one_message);
    EXPECT_EQ(std::ranges::count(driver.events, Event::need_input), 1);
}

TEST(ServerSession, rfc5321_4_3_2_table_of_commands_and_replies) {
    struct Row {
        const char* input;
        const char* replies;
    };

    const Row rows[] = {
        {"NOOP\r\n", "250"},
        {"noop anything\r\n", "250"},
        {"RSET\r\n", "250"},
        {"RSET x\r\n", "501"},
        {"VRFY b\r\n", "252"},
        {"VRFY\r\n", "501"},
        {"EXPN list\r\n", "502"},
        {"HELP\r\n", "214"},
        {"QUIT\r\n", "221"},
        {"BOGUS\r\n", "500"},
        {"\r\n", "500"},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "421"},
        {"STARTTLS\r\n", "502"},
        {"AUTH PLAIN\r\n", "502"},
        {"XFORWARD NAME=a\r\n", "550"},
        {"XCLIENT NAME=a\r\n", "550"},
        {"EHLO\r\n", "501"},
        {"HELO a b\r\n", "501"},
        {"DATA\r\n", "503"},
        {"RCPT TO:<b@example.test>\r\n", "503"},
        {"BDAT 5\r\nHELLONOOP\r\n", "503 250"},
        {"BDAT 0 LAST\r\n", "503"},
        {"BDAT x\r\n", "501 421"},
        {"BDAT -1\r\n", "501 421"},
        {"BDAT 5 FIRST\r\n", "501 421"},
        {"BDAT 99999999999999999999\r\n", "501 421"},
        {"BDAT 9999999999999\r\n", "421"},
        {"MAIL FROM:<>\r\n", "250"},
        {"MAIL FROM:<a@example.test>\r\nMAIL FROM:<a@example.test>\r\n", "250 503"},
        {"MAIL FROM: <a@example.test>\r\n", "250"},
        {"mail from:<@relay.example,@b.example:a@example.test>\r\n", "250"},
        {"MAIL FROM:a@example.test\r\n", "501"},
        {"MAIL FROM:<a@example.test\r\n", "501"},
        {"MAIL <a@example.test>\r\n", "501"},
        {"MAIL\r\n", "501"},
        {"MAIL FROM:<nobody>\r\n", "553"},
        {"MAIL FROM:<a@example.test>x\r\n", "501"},
        {"MAIL FROM:<\"a>b\"@example.test>\r\n", "250"},
        {"MAIL FROM:<a@example.test> SIZE=x\r\n", "501"},
        {"MAIL FROM:<a@example.test> SIZE=1 SIZE=1\r\n", "501"},
        {"MAIL FROM:<a@example.test> BODY=BINARYMIME\r\n", "555"},
        {"MAIL FROM:<a@example.test> BODY=WRONG\r\n", "555"},
        {"MAIL FROM:<a@example.test> BODY\r\n", "555"},
        {"MAIL FROM:<a@example.test> BODY=7BIT\r\n", "250"},
        {"MAIL FROM:<a@example.test> FOO=1\r\n", "555"},
        {"MAIL FROM:<a@example.test> SMTPUTF8\r\n", "250"},
        {"MAIL FROM:<a@example.test> SMTPUTF8=1\r\n", "501"},
        {"MAIL FROM:<a@example.test> RET=SOME\r\n", "501"},
        {"MAIL FROM:<a@example.test> ENVID=a=b\r\n", "501"},
        {"MAIL FROM:<a@example.test> AUTH=<>\r\n", "250"},
        {"MAIL FROM:<\xC3\xA9@example.test>\r\n", "550"},
        {"MAIL FROM:<\xC3\xA9@example.test> SMTPUTF8\r\nRCPT TO:<\xC3\xA9@example.test>\r\n",
         "250 250"},
        {"MAIL FROM:<>\r\nRCPT TO:<\xC3\xA9@example.test>\r\n", "250 553"},
        {"MAIL FROM:<>\r\nRCPT TO:<>\r\n", "250 553"},
        {"MAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\n", "250 250"},
        {"MAIL FROM:<>\r\nRCPT TO:<b@[192.0.2.1]>\r\n", "250 550"},
        {"MAIL FROM:<>\r\nRCPT TO:<b@[192.0.2.1>\r\n", "250 553"},
        {"MAIL FROM:<>\r\nRCPT TO:<@x.test:b@[IPv6:2001:db8::1]>\r\n", "250 550"},
        {"MAIL FROM:<>\r\nRCPT TO:<b@[2001:db8::1]>\r\n", "250 553"},
        {"MAIL FROM:<b@[127.0.0.1]>\r\n", "550"},
        {"MAIL FROM:<b@[127.0.0]>\r\n", "553"},
        {"MAIL FROM:<>\r\nRCPT TO:<b@example.test> NOTIFY=NEVER,DELAY\r\n", "250 501"},
        {"MAIL FROM:<>\r\nRCPT TO:<b@example.test> NOTIFY=\r\n", "250 501"},
        {"MAIL FROM:<>\r\nRCPT TO:<b@example.test> ORCPT=b\r\n", "250 501"},
        {"MAIL FROM:<>\r\nRCPT TO:<b@example.test> BODY=7BIT\r\n", "250 555"},
        {"MAIL FROM:<>\r\nDATA\r\n", "250 503"},
        {"MAIL FROM:<>\r\nRSET\r\nRCPT TO:<b@example.test>\r\n", "250 250 503"},
        {"MAIL FROM:<>\r\nEHLO again\r\nRCPT TO:<b@example.test>\r\n", "250 250 503"},
        {"MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nDATA now\r\n", "250 250 501"},
        {"MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n.\r\nNOOP\r\n",
         "250 250 354 250 250"},
    };
    for (const auto& row : rows) {
        auto options = test_options();
        options.postmaster = Mailbox::parse("postmaster@example.test").value();
        Greeted driver(options);
        EXPECT_EQ(transcript(driver, row.input), row.replies) << row.input;
        Greeted bytewise(options);
        EXPECT_EQ(codes(bytewise.say(row.input, 1)), row.replies) << row.input;
    }
}

TEST(ServerSession, rfc5321_4_1_4_mail_needs_a_greeting) {
    TestDriver driver(test_options());
    EXPECT_EQ(codes(driver.say("MAIL FROM:<>\r\nHELO x\r\nMAIL FROM:<>\r\n")), "220 503 250 250");
    EXPECT_EQ(driver.session.envelope().protocol, "SMTP");
}

TEST(ServerSession, c2_5_commands_with_bare_lf_or_cr_are_refused) {
    Greeted driver(test_options());
    EXPECT_EQ(transcript(driver, "NOOP\nNOOP\r\n"), "500 250");
    EXPECT_EQ(transcript(driver, "NOOP\rQUIT\r\n"), "500");
    EXPECT_EQ(transcript(driver, std::string_view("NOOP\0\r\n", 7)), "500");
}

TEST(ServerSession, c2_5_no_smuggling_past_the_end_of_data) {
    const std::string prefix = "MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n";
    const std::string inner =
        "MAIL FROM:<evil@example.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\nevil\r\n";
    for (const std::string end :
         {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r"}) {
        for (const std::size_t piece : {0, 1, 2, 3, 7}) {
            Greeted driver(test_options());
            std::string script = prefix;
            script.append("Subject: x\r\n\r\na").append(end).append(inner).append(".\r\nNOOP\r\n");
            EXPECT_EQ(codes(driver.say(script, piece)), "250 250 354 550 250") << end;
            EXPECT_TRUE(driver.messages.empty());
        }
    }
}

TEST(ServerSession, c2_5_repair_turns_bare_newlines_into_crlf) {
    auto options = test_options();
    options.limits.data.repair = true;
    for (const std::size_t piece : {0, 1, 2, 5}) {
        Greeted driver(options);
        driver.say("MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n");
        EXPECT_EQ(codes(driver.say("a: b\n\nx\ry\n.\nz\r\n.\r\n", piece)), "250");
        ASSERT_EQ(driver.messages.size(), 1U);
        EXPECT_EQ(driver.messages[0].text.bytes, "a: b\r\n\r\nx\r\ny\r\n.\r\nz\r\n");
    }
}

TEST(ServerSession, c2_5_bdat) {
    for (const std::size_t piece : {0, 1, 3}) {
        Greeted driver(test_options());
        driver.say("MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\n");
        // RFC 3030 2: no dot is taken out, and the CRLF may lie across chunks.
        EXPECT_EQ(
            codes(driver.say(
                "BDAT 8\r\n.a: b\r\n\rBDAT 3\r\n\n.\rBDAT 0\r\nBDAT 1 LAST\r\n\nNOOP\r\n", piece)),
            "250 250 250 250 250");
        ASSERT_EQ(driver.messages.size(), 1U);
        EXPECT_EQ(driver.messages[0].text.bytes, ".a: b\r\n\r\n.\r\n");
    }
}

TEST(ServerSession, rfc3030_2_bdat_that_fails_reads_past_its_octets) {
    Greeted driver(test_options());
    driver.say("MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\n");
    EXPECT_EQ(transcript(driver, "BDAT 6\r\nQUIT\n\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"),
              "550 503 250");
    driver.say("MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\n");
    EXPECT_EQ(transcript(driver, "BDAT 6\r\nQUIT\r\nDATA\r\nRCPT TO:<c@example.test>\r\nRSET\r\n"),
              "250 503 503 250");
    driver.say("MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\n");
    driver.data_reply = {452, "4.3.1", "No room"};
    EXPECT_EQ(transcript(driver, "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"),
              "452 503 250");
    EXPECT_TRUE(driver.messages.empty());
}

TEST(ServerSession, rfc3030_a_message_without_final_line_end_gets_one) {
    Greeted driver(test_options());
    EXPECT_EQ(transcript(driver, "MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nBDAT 4 LAST\r\na: b"),
              "250 250 250");
    EXPECT_EQ(driver.messages[0].text.bytes, "a: b\r\n");
    EXPECT_EQ(
        transcript(driver, "MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nBDAT 5 LAST\r\na: b\r"),
        "250 250 550");
}

TEST(ServerSession, rfc2920_3_1_data_after_refused_recipients) {
    Greeted driver(test_options());
    driver.recipient_reply = [](const mail::Recipient&) {
        return Reply{550, "5.1.1", "No such mailbox"};
    };
    EXPECT_EQ(
        transcript(driver,
                   "MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nDATA\r\nBDAT 2 LAST\r\nabNOOP\r\n"),
        "250 550 554 554 250");
}

TEST(ServerSession, c2_5_starttls_drops_what_was_said_in_clear) {
    auto options = test_options();
    options.starttls = true;
    options.auth = true;
    Greeted driver(options);
    const std::string said = driver.say("STARTTLS\r\nMAIL FROM:<injected@example.test>\r\n");
    EXPECT_EQ(said, "220 2.0.0 Ready to start TLS\r\n<tls>");
    EXPECT_EQ(transcript(driver, "MAIL FROM:<>\r\n"), "503") << "EHLO is forgotten";
    const std::string offer = driver.say("EHLO again\r\n");
    EXPECT_EQ(offer.find("STARTTLS"), std::string::npos);
    EXPECT_NE(offer.find("AUTH PLAIN LOGIN"), std::string::npos);
    EXPECT_EQ(transcript(driver, "STARTTLS\r\nMAIL FROM:<>\r\n"), "503 250");
    EXPECT_EQ(driver.session.envelope().protocol, "ESMTPS");
    EXPECT_TRUE(driver.session.envelope().tls);
    EXPECT_EQ(driver.session.envelope().tls_summary, "TLSv1.3 test");
}

TEST(ServerSession, c2_5_bytes_that_arrive_while_tls_starts_are_dropped) {
    auto options = test_options();
    options.starttls = true;
    ServerSession session(options);
    ASSERT_EQ(session.next(), Event::connected);
    session.accept_client({});
    session.receive("STARTTLS\r\n");
    ASSERT_EQ(session.next(), Event::start_tls);
    session.receive("QUIT\r\n");
    session.start_tls_done("TLSv1.3 test");
    EXPECT_EQ(session.next(), Event::need_input);
}

std::string coded(std::string_view octets) {
    return base64_encode(octets);
}

TEST(ServerSession, c2_5_auth_plain_and_login) {
    auto options = test_options();
    options.auth = true;
    options.tls_summary = "TLSv1.3 test";
    const std::string good = coded(std::string_view("\0u@example.test\0secret", 22));
    const std::string user = coded("u@example.test");
    const std::string password = coded("secret");

    struct Row {
        std::string input;
        const char* replies;
    };

    const Row rows[] = {
        {"AUTH PLAIN " + good + "\r\n", "235"},
        {"auth plain\r\n" + good + "\r\n", "334 235"},
        {"AUTH LOGIN\r\n" + user + "\r\n" + password + "\r\n", "334 334 235"},
        {"AUTH LOGIN " + user + "\r\n" + password + "\r\n", "334 235"},
        {"AUTH PLAIN\r\n*\r\nNOOP\r\n", "334 501 250"},
        {"AUTH LOGIN\r\n*\r\nNOOP\r\n", "334 501 250"},
        {"AUTH PLAIN =\r\n", "501"},
        {"AUTH PLAIN !!!\r\n", "501"},
        {"AUTH\r\n", "501"},
        {"AUTH CRAM-MD5\r\n", "504"},
        {"AUTH PLAIN " + coded(std::string_view("\0u\0wrong", 8)) + "\r\n", "535"},
        {"AUTH PLAIN " + coded(std::string_view("other\0u\0secret", 14)) + "\r\n", "535"},
        {"AUTH PLAIN " + coded(std::string_view("u\0u\0secret", 10)) + "\r\n", "235"},
        {"AUTH PLAIN " + coded(std::string_view("\0u\0", 3)) + "\r\n", "535"},
        {"AUTH PLAIN " + coded(std::string_view("\0u\0a\0b", 6)) + "\r\n", "501"},
        {"AUTH PLAIN " + good + "\r\nAUTH PLAIN " + good + "\r\n", "235 503"},
        {"MAIL FROM:<>\r\nAUTH PLAIN " + good + "\r\n", "250 503"},
    };
    for (const auto& row : rows) {
        for (const std::size_t piece : {0, 1}) {
            Greeted driver(options);
            EXPECT_EQ(codes(driver.say(row.input, piece)), row.replies) << row.input;
        }
    }
    Greeted driver(options);
    driver.say("AUTH PLAIN " + good + "\r\nMAIL FROM:<>\r\n");
    EXPECT_EQ(driver.session.envelope().login, "u@example.test");
    EXPECT_EQ(driver.session.envelope().protocol, "ESMTPSA");
}

TEST(ServerSession, c2_5_auth_in_clear_only_from_loopback) {
    auto options = test_options();
    options.auth = true;
    EXPECT_EQ(codes(Greeted(options).say("AUTH PLAIN\r\n")), "538");
    options.client = Ip::parse("127.0.0.1").value();
    EXPECT_EQ(codes(Greeted(options).say("AUTH PLAIN\r\n")), "334");
    options.client = Ip::parse("::1").value();
    EXPECT_EQ(codes(Greeted(options).say("AUTH PLAIN\r\n")), "334");
}

TEST(ServerSession, c2_5_proxy_says_who_connected) {
    auto options = test_options();
    options.proxy = true;
    options.client = Ip::parse("127.0.0.1").value();
    options.auth = true;
    for (const std::size_t piece : {0, 1}) {
        TestDriver driver(options);
        EXPECT_TRUE(driver.output.empty()) << "no greeting before the header";
        EXPECT_EQ(
            codes(driver.say("PROXY TCP4 203.0.113.9 192.0.2.1 4321 25\r\nEHLO x\r\nAUTH PLAIN\r\n",
                             piece)),
            "220 250 538");
        EXPECT_EQ(driver.session.envelope().client.text(), "203.0.113.9");
    }
    TestDriver none(options);
    EXPECT_EQ(none.say("EHLO x\r\n"), "");
    EXPECT_EQ(none.last, Event::closed);
}

TEST(ServerSession, c2_5_xforward_of_a_listed_host_holds_for_one_message) {
    auto options = test_options();
    options.role = mail::Role::filter;
    options.tls_summary = "TLSv1.3 test";
    TestDriver driver(options, {.name = "mta.example.test", .may_forward = true});
    const ServerSession& session = driver.session;
    driver.say("EHLO mta\r\n");
    EXPECT_EQ(transcript(driver,
                         "XFORWARD NAME=c.example ADDR=IPV6:2001:db8::5 PROTO=ESMTPSA\r\nXFORWARD "
                         "HELO=h.example IDENT=q1 SOURCE=REMOTE\r\n"
                         "MAIL FROM:<>\r\nXFORWARD NAME=late\r\n"),
              "250 250 250 503");
    const auto& envelope = session.envelope();
    EXPECT_EQ(envelope.client.text(), "2001:db8::5");
    EXPECT_EQ(envelope.client_name, "c.example");
    EXPECT_EQ(envelope.helo, "h.example");
    EXPECT_EQ(envelope.protocol, "ESMTPSA");
    EXPECT_TRUE(envelope.tls);
    EXPECT_FALSE(envelope.login);
    driver.say("RCPT TO:<b@example.test>\r\nDATA\r\n.\r\nMAIL FROM:<>\r\n");
    EXPECT_EQ(envelope.client.text(), "192.0.2.7");
    EXPECT_EQ(envelope.helo, "mta");
    EXPECT_FALSE(envelope.tls) << "the other server's TLS is not the client's";
}

TEST(ServerSession, c2_5_xclient_of_a_listed_host_begins_anew) {
    auto options = test_options();
    options.role = mail::Role::filter;
    TestDriver driver(options, {.name = "", .may_forward = true});
    const ServerSession& session = driver.session;
    driver.say("EHLO mta\r\n");
    EXPECT_EQ(transcript(driver,
                         "XCLIENT ADDR=203.0.113.4 NAME=[UNAVAILABLE] LOGIN=u@example.test "
                         "PROTO=ESMTP HELO=c.example\r\nMAIL FROM:<>\r\n"),
              "220 503");
    EXPECT_EQ(transcript(driver, "EHLO x\r\nMAIL FROM:<>\r\n"), "250 250");
    EXPECT_EQ(session.envelope().client.text(), "203.0.113.4");
    EXPECT_EQ(session.envelope().client_name, "");
    EXPECT_EQ(session.envelope().helo, "c.example");
    EXPECT_EQ(session.envelope().login, "u@example.test");
    EXPECT_EQ(transcript(driver, "RSET\r\nXCLIENT FOO=1\r\nXCLIENT\r\nXCLIENT ADDR=nonsense\r\n"),
              "250 501 501 501");
}

TEST(ServerSession, c2_5_trusted_network_counts_in_the_relay_role_only) {
    for (const auto role :
         {mail::Role::relay, mail::Role::inbound, mail::Role::submission, mail::Role::filter}) {
        auto options = test_options();
        options.role = role;
        ServerSession session(options);
        ASSERT_EQ(session.next(), Event::connected);
        session.accept_client({});
        session.receive("EHLO x\r\nMAIL FROM:<>\r\n");
        ASSERT_EQ(session.next(), Event::mail);
        session.set_trusted_network(true);
        EXPECT_EQ(session.envelope().trusted_network, role == mail::Role::relay);
    }
}

TEST(ServerSession, c2_13_stop_ends_after_the_transaction) {
    Greeted driver(test_options());
    driver.say("MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\n");
    driver.session.stop();
    EXPECT_EQ(transcript(driver, "DATA\r\nx: y\r\n.\r\n"), "354 250 421");
    EXPECT_EQ(driver.messages.size(), 1U);
    EXPECT_EQ(driver.last, Event::closed);
    Greeted idle(test_options());
    idle.session.stop();
    EXPECT_EQ(idle.run(), Event::closed);
    EXPECT_EQ(codes(idle.output), "421");
}

TEST(ServerSession, c2_5_abort_drops_what_was_being_read) {
    Greeted driver(test_options());
    driver.say("MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nDATA\r\nx: y\r\n");
    driver.session.abort({421, "4.4.2", "Timeout"});
    EXPECT_EQ(driver.run(), Event::closed);
    EXPECT_EQ(driver.output, "421 4.4.2 Timeout\r\n");
    EXPECT_TRUE(driver.messages.empty());
}

TEST(ServerSession, c2_5_a_421_of_the_gateway_ends_the_session) {
    Greeted driver(test_options());
    driver.mail_reply = {421, "4.3.2", "Going away"};
    EXPECT_EQ(transcript(driver, "MAIL FROM:<>\r\nNOOP\r\n"), "421");
    EXPECT_EQ(driver.last, Event::closed);
    ServerSession session(test_options());
    ASSERT_EQ(session.next(), Event::connected);
    session.answer({554, "5.7.1", "Not you"});
    EXPECT_EQ(session.next(), Event::closed);
    EXPECT_EQ(session.take_output(), "554 5.7.1 Not you\r\n");
}

// The same session cut at every octet, and in pieces of every small size, says the same.
TEST(ServerSession, c2_14_cut_at_every_octet) {
    auto options = test_options();
    options.starttls = true;
    options.auth = true;
    options.client = Ip::parse("127.0.0.1").value();
    const std::string script =
        "EHLO x\r\nBOGUS\r\nAUTH LOGIN\r\n" + coded("u@example.test") + "\r\n" + coded("secret") +
        "\r\n" + std::string(one_message) + std::string(text) +
        "MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nBDAT 6\r\na: b\r\nBDAT 3 LAST\r\nx\r\n" +
        "MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nDATA\r\nbad\nline\r\n.\r\nQUIT\r\n";
    TestDriver whole(options);
    const std::string expected = whole.say(script);
    ASSERT_EQ(codes(expected),
              "220 250 500 334 334 235 250 250 250 354 250 250 250 250 250 250 250 354 550 221");
    for (std::size_t cut = 0; cut <= script.size(); ++cut) {
        TestDriver driver(options);
        const std::string first = driver.say(std::string_view(script).substr(0, cut));
        EXPECT_EQ(first + driver.say(std::string_view(script).substr(cut)), expected) << cut;
        EXPECT_EQ(driver.messages.size(), 2U);
        // The connection may end at any octet: what is left must be released without harm.
        TestDriver ended(options);
        ended.say(std::string_view(script).substr(0, cut));
        ended.session.abort({421, "4.4.2", "Timeout"});
        EXPECT_EQ(ended.run(), Event::closed);
    }
    for (std::size_t piece = 1; piece < 40; ++piece) {
        TestDriver driver(options);
        EXPECT_EQ(driver.say(script, piece), expected) << piece;
    }
}

}  // namespace
}  // namespace bulla::smtp

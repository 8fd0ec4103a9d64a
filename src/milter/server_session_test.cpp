#include "milter/server_session.h"

#include "milter/replies.h"
#include "milter/test_driver.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bulla::milter {
namespace {

using testing::client;
using testing::commands;
using testing::macros;
using testing::message;
using testing::negotiation;
using testing::packet;
using testing::texts;

struct Run {
    std::string output;
    std::vector<Submission> messages;
    std::string error;
    bool closed = false;
};

Run run(const std::string& input,
        Options options = {},
        const Verdict& verdict = {},
        std::size_t piece = 0) {
    options.hostname = "mx.example";
    ServerSession session(std::move(options));
    Run out;
    std::string_view rest = input;
    while (true) {
        const auto event = session.next();
        out.output += session.take_output();
        if (event == Event::closed) {
            out.closed = true;
            out.error = session.error() ? session.error()->code : "";
            return out;
        }
        if (event == Event::need_input) {
            if (rest.empty()) {
                return out;
            }
            const auto size = piece == 0 ? rest.size() : std::min(piece, rest.size());
            session.receive(rest.substr(0, size));
            rest.remove_prefix(size);
            continue;
        }
        if (event == Event::message) {
            out.messages.push_back(session.take_message());
        }
        session.answer(verdict);
    }
}

const std::string start = negotiation() + client() + texts('H', {"client.example"});

TEST(MilterSession, c4_4_negotiation_asks_for_what_it_needs_and_takes_what_is_offered) {
    // version, actions, steps that are offered; version, actions, steps that are taken.
    const std::uint32_t rows[][6] = {
        {6, 0x1FF, 0x1FFFFF, 6, 0x113, 0x1CF380},
        {6, 0x1FF, 0x1FFFFF & ~0x100000U, 6, 0x113, 0x0CF380},
        {2, 0x3F, 0x7F, 2, 0x13, 0},
        {7, 0x1FF, 0xFFFFFFFF, 6, 0x113, 0x1CF380},
        {4, 0x01, 0, 4, 0x01, 0},
    };
    for (const auto& row : rows) {
        const auto out = run(negotiation(row[0], row[1], row[2]));
        std::string_view data = std::string_view(out.output).substr(5);
        ASSERT_EQ(commands(out.output), "O");
        EXPECT_EQ(take_number(data), row[3]);
        EXPECT_EQ(take_number(data), row[4]);
        EXPECT_EQ(take_number(data), row[5]);
        EXPECT_EQ(data.empty(), (row[4] & 0x100U) == 0);
    }
    // Without the right to add fields nothing can be signed; version 1 had other packets.
    EXPECT_EQ(run(negotiation(6, 0x02)).error, "milter.not_able");
    EXPECT_EQ(run(negotiation(1)).error, "milter.not_able");
    EXPECT_EQ(run(negotiation() + negotiation()).error, "milter.bad_packet");
}

TEST(MilterSession, c4_4_a_message_has_the_bytes_that_the_mail_server_will_send) {
    const auto out = run(start + message());
    ASSERT_EQ(out.messages.size(), 1U);
    const auto& got = out.messages[0];
    EXPECT_EQ(got.bytes, "From: alice@example.test\r\nSubject: a\r\n\tb\r\n\r\nhello\r\n");
    EXPECT_FALSE(got.flaw);
    EXPECT_EQ(got.envelope.role, mail::Role::filter);
    EXPECT_EQ(got.envelope.client.text(), "192.0.2.7");
    EXPECT_EQ(got.envelope.client_name, "client.example");
    EXPECT_EQ(got.envelope.helo, "client.example");
    EXPECT_EQ(got.envelope.protocol, "ESMTP");
    EXPECT_EQ(got.envelope.from->text(), "alice@example.test");
    ASSERT_EQ(got.envelope.recipients.size(), 1U);
    EXPECT_EQ(got.envelope.recipients[0].mailbox.text(), "bob@example.net");
    EXPECT_FALSE(got.envelope.login);
    // All but the end of the message goes without a reply.
    EXPECT_EQ(commands(out.output), "Oc");
    // A mail server that has no leading spaces puts one there itself.
    auto plain = negotiation(6, 0x1FF, 0x1FFFFF & ~0x100000U) + client() + texts('M', {"<>"}) +
                 texts('R', {"<b@example.net>"}) + texts('L', {"A", "x"}) + packet('E');
    const auto spaced = run(plain);
    ASSERT_EQ(spaced.messages.size(), 1U);
    EXPECT_EQ(spaced.messages[0].bytes, "A: x\r\n\r\n");
    EXPECT_FALSE(spaced.messages[0].envelope.from);
}

TEST(MilterSession, c4_4_the_bytes_may_be_cut_anywhere) {
    const auto input = start + message() + message() + packet('Q');
    const auto whole = run(input);
    ASSERT_EQ(whole.messages.size(), 2U);
    for (std::size_t piece = 1; piece < 40; ++piece) {
        const auto out = run(input, {}, {}, piece);
        EXPECT_EQ(out.output, whole.output);
        ASSERT_EQ(out.messages.size(), 2U);
        EXPECT_EQ(out.messages[1].bytes, whole.messages[1].bytes);
        EXPECT_TRUE(out.closed);
    }
}

TEST(MilterSession, c4_4_old_mail_servers_wait_for_each_reply) {
    const auto out = run(negotiation(2, 0x3F, 0x7F) + client() + texts('H', {"c"}) + message());
    // connect, helo, mail, rcpt, two fields, end of header, body, end
    EXPECT_EQ(commands(out.output), "Occccccccc");
}

TEST(MilterSession, c4_4_macros_tell_log_in_tls_and_queue_id) {
    const auto mail = macros('M',
                             {"{auth_authen}",
                              "alice@example.test",
                              "{tls_version}",
                              "TLSv1.3",
                              "{cipher}",
                              "TLS_AES_128_GCM_SHA256"});
    const auto out = run(
        negotiation() +
        macros('C', {"{j}", "mta.example", "{daemon_name}", "MSA", "v", "Postfix 3.7"}) + client() +
        texts('H', {"c"}) + mail + message("<root>") + message("<root>") + packet('Q'));
    ASSERT_EQ(out.messages.size(), 2U);
    const auto& first = out.messages[0].envelope;
    EXPECT_EQ(first.login, "alice@example.test");
    EXPECT_EQ(first.protocol, "ESMTPSA");
    EXPECT_EQ(first.tls_summary, "TLSv1.3 TLS_AES_128_GCM_SHA256");
    EXPECT_EQ(first.from->text(), "root@mta.example");
    EXPECT_EQ(out.messages[0].daemon_name, "MSA");
    EXPECT_TRUE(out.messages[0].is_postfix);
    // What was said for one message does not hold for the next.
    EXPECT_FALSE(out.messages[1].envelope.login);
    EXPECT_FALSE(out.messages[1].envelope.tls);
    EXPECT_EQ(out.messages[1].daemon_name, "MSA");
    const auto queued =
        run(start + texts('M', {"<>"}) + macros('E', {"i", "4XyZ"}) + packet('E') + packet('Q'));
    EXPECT_EQ(queued.messages.at(0).envelope.mta_id, "4XyZ");
}

TEST(MilterSession, c4_4_aborts_and_new_clients_leave_nothing_behind) {
    const auto half = macros('M', {"{auth_authen}", "alice@example.test"}) +
                      texts('M', {"<mallory@example.test>", "BODY=8BITMIME", "ENVID=x"}) +
                      texts('R', {"<eve@example.net>"}) + texts('L', {"X", " y"});
    for (const auto& end : {packet('A'), std::string(), packet('A') + packet('A')}) {
        std::string input = start + half;
        input += end;
        input += macros('M', {});
        input += message();
        const auto out = run(input);
        ASSERT_EQ(out.messages.size(), 1U);
        EXPECT_EQ(out.messages[0].bytes.substr(0, 5), "From:");
        EXPECT_EQ(out.messages[0].envelope.recipients.size(), 1U);
        EXPECT_FALSE(out.messages[0].envelope.login);
        EXPECT_FALSE(out.messages[0].envelope.eight_bit);
        EXPECT_EQ(out.messages[0].envelope.envid, "");
    }
    const auto out = run(start + half + packet('K') + client("IPv6:2001:db8::1", '6') + message());
    ASSERT_EQ(out.messages.size(), 1U);
    EXPECT_EQ(out.messages[0].envelope.client.text(), "2001:db8::1");
    EXPECT_EQ(out.messages[0].envelope.helo, "");
    EXPECT_EQ(out.messages[0].envelope.protocol, "SMTP");
    EXPECT_FALSE(out.messages[0].envelope.login);
}

TEST(MilterSession, c4_4_flaws_are_told_at_the_end_and_nothing_is_kept) {
    const auto with = [](const std::string& text) {
        return start + texts('M', {"<>"}) + texts('R', {"<b@example.net>"}) + text + packet('E');
    };
    const auto body = [](std::string_view text) { return packet('N') + packet('B', text); };
    const Options options{
        .message = {.bytes = 200, .header_bytes = 60, .fields = 3, .line_bytes = 20}};
    const std::pair<std::string, std::optional<Flaw>> rows[] = {
        {with(body("ok\r\n")), std::nullopt},
        {with(body("a\nb\r\n")), Flaw::bare_newline},
        {with(body("a\rb\r\n")), Flaw::bare_newline},
        {with(body("a\r") + packet('B', "\nb\r\n")), std::nullopt},
        {with(body("a\r") + packet('B', "b\r\n")), Flaw::bare_newline},
        {with(body("a\r")), Flaw::bare_newline},
        {with(body("a\r\r\n")), Flaw::bare_newline},
        {with(body(std::string_view("a\0b\r\n", 5))), Flaw::nul_octet},
        {with(body(std::string(20, 'x') + "\r\n")), std::nullopt},
        {with(body(std::string(21, 'x') + "\r\n")), Flaw::line_too_long},
        {with(body(std::string(11, 'x')) + packet('B', std::string(10, 'x') + "\r\n")),
         Flaw::line_too_long},
        {with(texts('L', {"A", " " + std::string(17, 'x')})), std::nullopt},
        {with(texts('L', {"A", " " + std::string(18, 'x')})), Flaw::line_too_long},
        {with(texts('L', {"A", " b\nC: d"})), Flaw::bad_field},
        {with(texts('L', {"A", " b\n"})), Flaw::bad_field},
        {with(texts('L', {"A b", " c"})), Flaw::bad_field},
        {with(texts('L', {"", " c"})), Flaw::bad_field},
        {with(texts('L', {"A:b", " c"})), Flaw::bad_field},
        {with(texts('L', {"A ", " c"})), std::nullopt},
        {with(texts('L', {"A", " c\rd"})), Flaw::bare_newline},
        {with(texts('L', {"A", " c\r\n d"})), std::nullopt},
        {with(packet('N') + texts('L', {"A", " c"})), Flaw::bad_field},
        {with(texts('L', {"A", "1"}) + texts('L', {"B", "2"}) + texts('L', {"C", "3"})),
         std::nullopt},
        {with(texts('L', {"A", "1"}) + texts('L', {"B", "2"}) + texts('L', {"C", "3"}) +
              texts('L', {"D", "4"})),
         Flaw::too_many_fields},
        {with(texts('L', {"A", " 2345678\n 2345678\n 2345678\n 2345678\n 23456789 123456"})),
         std::nullopt},  // 60 octets
        {with(texts('L', {"A", " 2345678\n 2345678\n 2345678\n 2345678\n 23456789 1234567"})),
         Flaw::header_too_big},
        {with(body("12345678901234567\r\n") + packet('B', std::string(179, '\r'))),
         Flaw::bare_newline},
    };
    for (const auto& [input, flaw] : rows) {
        const auto out = run(input, options);
        ASSERT_EQ(out.messages.size(), 1U) << out.error;
        EXPECT_EQ(out.messages[0].flaw, flaw) << out.messages[0].bytes << (&input - &rows[0].first);
        EXPECT_EQ(out.messages[0].bytes.empty(), flaw.has_value());
    }
    std::string lines;
    for (int i = 0; i < 33; ++i) {
        lines += "abcd\r\n";
    }
    EXPECT_FALSE(run(with(body(lines)), options).messages.at(0).flaw);  // 2 + 198
    EXPECT_EQ(run(with(body(lines + "\r\n")), options).messages.at(0).flaw, Flaw::too_big);
}

TEST(MilterSession, c4_4_limits_on_packets_macros_and_recipients) {
    const Options options{.recipients = 2, .packet_octets = 100};
    EXPECT_EQ(run(start + packet('L', std::string(99, 'x')), options).error, "milter.out_of_order");
    EXPECT_EQ(run(start + packet('L', std::string(100, 'x')), options).error,
              "milter.packet_too_long");
    EXPECT_EQ(run(std::string(4, '\0')).error, "milter.bad_packet");
    const auto recipient = texts('R', {"<b@example.net>"});
    const auto two = run(start + texts('M', {"<>"}) + recipient + recipient + packet('E'), options);
    EXPECT_FALSE(two.messages.at(0).too_many_recipients);
    const auto three =
        run(start + texts('M', {"<>"}) + recipient + recipient + recipient + packet('E'), options);
    EXPECT_TRUE(three.messages.at(0).too_many_recipients);
    std::string many = "M";
    for (std::size_t i = 0; i < Macros::max_count; ++i) {
        many += std::string("a\0b\0", 4);
    }
    EXPECT_EQ(run(start + packet('D', many)).error, "");
    EXPECT_EQ(run(start + packet('D', many + std::string("a\0b\0", 4))).error,
              "milter.too_many_macros");
    EXPECT_EQ(run(start + packet('D', std::string(Macros::max_octets + 1, 'M'))).error,
              "milter.too_many_macros");
    EXPECT_EQ(run(start + texts('M', {"<>"}) + texts('R', {"<no domain>"}) + packet('E'))
                  .messages.at(0)
                  .bad_address,
              "no domain");
}

TEST(MilterSession, c4_4_what_the_protocol_does_not_have_there_ends_it) {
    const std::string rows[] = {client(),
                                message(),
                                start + packet('L', "x"),
                                start + packet('E'),
                                start + packet('B', "x"),
                                start + packet('R', "x"),
                                start + packet('?'),
                                start + packet('M', "no end"),
                                negotiation() + message(),
                                negotiation() + packet('C', "x"),
                                negotiation() + client("nonsense"),
                                negotiation() + client("192.0.2.7", 'X'),
                                negotiation() + packet('D'),
                                negotiation() + packet('D', "Mx"),
                                packet('O', "abc")};
    for (const auto& row : rows) {
        const auto out = run(row);
        EXPECT_TRUE(out.closed);
        EXPECT_NE(out.error, "") << row;
        EXPECT_TRUE(out.messages.empty());
    }
    EXPECT_EQ(run(start + packet('Q')).error, "");
}

TEST(MilterSession, c4_4_a_refused_recipient_is_no_part_of_the_message) {
    const auto input = start + message();
    const auto out =
        run(input,
            {.ask_about_envelope = true},
            {.kind = Verdict::Kind::refuse, .code = 550, .enhanced = "5.1.1", .text = "100%\nno"});
    // The sender is refused; what follows has no place then.
    EXPECT_EQ(out.error, "milter.out_of_order");
    EXPECT_EQ(commands(out.output), "Oy");
    EXPECT_TRUE(out.output.contains(std::string("y550 5.1.1 100%%?no\0", 20)));
    ServerSession session({.ask_about_envelope = true});
    session.receive(input);
    ASSERT_EQ(session.next(), Event::sender);
    session.answer({});
    ASSERT_EQ(session.next(), Event::recipient);
    session.answer({.kind = Verdict::Kind::refuse, .code = 550});
    ASSERT_EQ(session.next(), Event::message);
    EXPECT_TRUE(session.take_message().envelope.recipients.empty());
    session.answer({.kind = Verdict::Kind::discard});
    EXPECT_EQ(commands(session.take_output()), "Ocyd");
}

TEST(MilterReplies, c4_4_each_has_its_packet) {
    std::string out;
    insert_header(out, 0, "A", " b\r\n\tc");
    EXPECT_EQ(out, packet('i', std::string("\0\0\0\0A\0 b\n\tc\0", 12)));
    out.clear();
    change_header(out, 2, "A", "");
    EXPECT_EQ(out, packet('m', std::string("\0\0\0\2A\0\0", 7)));
    out.clear();
    add_header(out, "A", " b");
    add_recipient(out, "<a@b.example>");
    delete_recipient(out, "<a@b.example>");
    quarantine(out, "why");
    progress(out);
    go_on(out);
    discard(out);
    EXPECT_EQ(out,
              texts('h', {"A", " b"}) + texts('+', {"<a@b.example>"}) +
                  texts('-', {"<a@b.example>"}) + texts('q', {"why"}) + packet('p') + packet('c') +
                  packet('d'));
    out.clear();
    replace_body(out, std::string(65536, 'x'));
    EXPECT_EQ(out, packet('b', std::string(65535, 'x')) + packet('b', "x"));
    out.clear();
    replace_body(out, "");
    EXPECT_EQ(out, packet('b'));
    out.clear();
    reply(out, 250, "2.0.0", "");
    EXPECT_EQ(out, texts('y', {"451 4.3.0 Refused"}));
}

}  // namespace
}  // namespace bulla::milter

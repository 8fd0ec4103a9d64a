#include "gateway/stages.h"

#include "gateway/hand_back.h"
#include "gateway/trace_fields.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bulla::gateway {
namespace {

Mailbox box(std::string_view text) {
    return Mailbox::parse(text).value();
}

std::shared_ptr<directory::Snapshot> make_snapshot() {
    auto snapshot = std::make_shared<directory::Snapshot>();
    snapshot->config.hostname = "mx.example.test";
    config::Route local;
    local.name = "local";
    local.match = {"local"};
    local.exit = config::RouteExit::maildir;
    config::Route out;
    out.name = "out";
    out.match = {"*.org", "example.org"};
    out.host = "192.0.2.9";
    snapshot->config.routes = {local, out};
    snapshot->domains["example.test"] = true;
    const auto add = [&](std::string login, std::string_view address, directory::SendAs send_as) {
        directory::Account made{.login = login, .address = box(address), .password = {}};
        made.send_as = send_as;
        const auto account = std::make_shared<const directory::Account>(std::move(made));
        snapshot->accounts_by_login[login] = account;
        snapshot->accounts_by_address[account->address.key()] = account;
    };
    add("anna", "anna@example.test", directory::SendAs::own);
    add("office", "office@example.test", directory::SendAs::domain);
    add("relay", "relay@example.test", directory::SendAs::any);
    return snapshot;
}

Transit make_transit(mail::Role role,
                     std::optional<std::string> login,
                     std::string_view from,
                     std::string header) {
    Transit transit;
    transit.snapshot = make_snapshot();
    transit.envelope.role = role;
    transit.envelope.login = std::move(login);
    if (!from.empty()) {
        transit.envelope.from = box(from);
    }
    transit.envelope.recipients.push_back({.mailbox = box("bob@example.org"), .dsn = {}});
    transit.message = mail::Message::parse(header + "\r\ntext\r\n").value();
    return transit;
}

TEST(Identify, c2_5_a_logged_in_sender_owns_envelope_sender_and_every_from) {
    struct Case {
        std::string login;
        std::string_view from;
        std::string header;
        std::string_view error;
    };

    const Case cases[] = {
        {"anna", "anna@example.test", "From: Anna <anna@example.test>\r\n", ""},
        {"anna", "ANNA@example.test", "From: ANNA@Example.TEST\r\n", ""},
        {"anna", "", "From: anna@example.test\r\n", ""},
        {"anna", "bea@example.test", "From: anna@example.test\r\n", "sender.not_owned"},
        {"anna", "anna@example.test", "From: bea@example.test\r\n", "sender.not_owned"},
        {"anna",
         "anna@example.test",
         "From: anna@example.test, bea@example.test\r\n",
         "sender.not_owned"},
        {"anna",
         "anna@example.test",
         "From: anna@example.test\r\nFrom: ceo@example.test\r\n",
         "address.several_from"},
        {"anna", "anna@example.test", "Subject: x\r\n", "address.no_from"},
        {"office", "bea@example.test", "From: cleo@example.test\r\n", ""},
        {"office", "office@example.test", "From: x@sub.example.test\r\n", "sender.not_owned"},
        {"office", "x@example.org", "From: office@example.test\r\n", "sender.not_owned"},
        {"relay", "x@example.org", "From: y@example.net\r\n", ""},
        {"nobody", "anna@example.test", "From: anna@example.test\r\n", "sender.account_disabled"},
    };
    for (const auto& expected : cases) {
        auto transit =
            make_transit(mail::Role::submission, expected.login, expected.from, expected.header);
        const auto outcome = identify(transit);
        EXPECT_EQ(outcome ? "" : outcome.error().code, expected.error)
            << expected.login << " " << expected.header;
        EXPECT_TRUE(!outcome || transit.outbound);
    }
}

TEST(Identify, c2_5_outside_mail_with_a_local_from_is_inbound) {
    auto transit = make_transit(
        mail::Role::inbound, std::nullopt, "x@example.org", "From: anna@example.test\r\n");
    ASSERT_TRUE(identify(transit));
    EXPECT_FALSE(transit.outbound);
    EXPECT_EQ(transit.account, nullptr);
}

TEST(Identify, c2_5_inbound_mail_with_a_broken_from_is_passed_on) {
    auto transit =
        make_transit(mail::Role::inbound, std::nullopt, "x@example.org", "From: <<>>\r\n");
    ASSERT_TRUE(identify(transit));
    EXPECT_TRUE(transit.from.empty());
}

TEST(Identify, c2_5_submission_needs_a_log_in) {
    auto transit = make_transit(
        mail::Role::submission, std::nullopt, "anna@example.test", "From: anna@example.test\r\n");
    const auto outcome = identify(transit);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, "sender.auth_required");
}

TEST(Identify, rfc5321_6_3_loops_stop_at_the_limit_and_not_before) {
    const auto hops = [](int count) {
        std::string header = "From: x@example.org\r\n";
        for (int i = 0; i < count; ++i) {
            header += "Received: from a by b; Sun, 22 Nov 2026 00:00:00 +0000\r\n";
        }
        return header;
    };
    auto at_limit = make_transit(mail::Role::inbound, std::nullopt, "x@example.org", hops(50));
    EXPECT_TRUE(identify(at_limit));
    auto past = make_transit(mail::Role::inbound, std::nullopt, "x@example.org", hops(51));
    const auto outcome = identify(past);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, "message.loop");
}

TEST(DecideRecipient, c2_5_who_may_reach_whom) {
    struct Case {
        mail::Role role;
        bool login, trusted;
        std::string_view recipient;
        int code;
    };
    using enum mail::Role;
    const Case cases[] = {
        {inbound, false, false, "anna@example.test", 0},
        {inbound, false, false, "bob@example.org", 550},
        {inbound, false, true, "bob@example.org", 550},
        {relay, false, false, "anna@example.test", 0},
        {relay, false, false, "bob@example.org", 550},
        {relay, false, true, "bob@example.org", 0},
        {relay, true, false, "bob@example.org", 0},
        {submission, true, false, "bob@example.org", 0},
        {submission, true, false, "bob@example.com", 550},
        {filter, false, false, "bob@example.org", 0},
    };
    const auto snapshot = make_snapshot();
    for (const auto& expected : cases) {
        mail::Envelope envelope;
        envelope.role = expected.role;
        envelope.trusted_network = expected.trusted;
        if (expected.login) {
            envelope.login = "anna";
        }
        const auto refusal = decide_recipient(*snapshot, envelope, box(expected.recipient));
        EXPECT_EQ(refusal ? refusal->code : 0, expected.code)
            << mail::to_string(expected.role) << " " << expected.recipient;
    }
}

TEST(DecideRecipient, c2_5_unknown_local_recipients) {
    using enum directory::UnknownRecipients;
    using enum config::RouteExit;

    struct Case {
        directory::UnknownRecipients setting;
        config::RouteExit exit;
        mail::Role role;
        std::string_view recipient;
        int code;
    };

    const Case cases[] = {
        {by_route, maildir, mail::Role::inbound, "anna@example.test", 0},
        {by_route, maildir, mail::Role::inbound, "ANNA@Example.Test", 0},
        {by_route, maildir, mail::Role::inbound, "zoe@example.test", 550},
        {by_route, maildir, mail::Role::relay, "zoe@example.test", 550},
        {by_route, maildir, mail::Role::submission, "zoe@example.test", 550},
        {by_route, maildir, mail::Role::filter, "zoe@example.test", 0},
        {by_route, maildir, mail::Role::inbound, "PostMaster@example.test", 0},
        {by_route, smtp, mail::Role::inbound, "zoe@example.test", 0},
        {refuse, smtp, mail::Role::inbound, "zoe@example.test", 550},
        {refuse, smtp, mail::Role::inbound, "anna@example.test", 0},
        {refuse, smtp, mail::Role::inbound, "postmaster@example.test", 0},
        {accept, maildir, mail::Role::inbound, "zoe@example.test", 0},
        {refuse, smtp, mail::Role::submission, "bob@example.org", 0},
    };
    for (const auto& expected : cases) {
        const auto snapshot = make_snapshot();
        snapshot->settings.unknown_recipients = expected.setting;
        snapshot->config.routes[0].exit = expected.exit;
        mail::Envelope envelope;
        envelope.role = expected.role;
        envelope.trusted_network = expected.role != mail::Role::inbound;
        const auto refusal = decide_recipient(*snapshot, envelope, box(expected.recipient));
        EXPECT_EQ(refusal ? refusal->code : 0, expected.code)
            << mail::to_string(expected.role) << " " << expected.recipient;
        EXPECT_TRUE(!refusal || refusal->enhanced == "5.1.1");
    }
}

TEST(DecideRecipient, c2_5_a_domain_decides_for_itself_about_unknown_recipients) {
    const auto snapshot = make_snapshot();
    snapshot->domain_settings["example.test"].unknown_recipients =
        directory::UnknownRecipients::accept;
    EXPECT_FALSE(decide_recipient(*snapshot, {}, box("zoe@example.test")));
}

TEST(HandBack, c4_4_edits_make_the_copy_of_what_was_received) {
    const auto received = mail::Message::parse(std::string("A: 1\r\nB: 2\r\nA: 3\r\n\r\nx\r\n"));
    Copy copy{.message = *received,
              .converted = false,
              .prefix = "S: 4\r\n\t5\r\nT: 6\r\n",
              .recipients = {}};
    const auto in_place = make_edits(*received, copy).value();
    ASSERT_EQ(in_place.fields.size(), 2U);
    // Each before all others, so the first comes last.
    EXPECT_EQ(in_place.fields[0].name, "T");
    EXPECT_EQ(in_place.fields[1].name, "S");
    EXPECT_EQ(in_place.fields[1].value, " 4\r\n\t5");
    EXPECT_FALSE(in_place.body);
    copy.converted = true;
    copy.prefix.clear();
    copy.message =
        mail::Message::parse(std::string("A: 1\r\nB: 2\r\nA: 9\r\nC: 0\r\n\r\ny\r\n")).value();
    const auto changed = make_edits(*received, copy).value();
    ASSERT_EQ(changed.fields.size(), 2U);
    EXPECT_EQ(changed.fields[0].kind, FieldEdit::Kind::change);
    EXPECT_EQ(changed.fields[0].index, 2U);
    EXPECT_EQ(changed.fields[0].value, " 9");
    EXPECT_EQ(changed.fields[1].kind, FieldEdit::Kind::add);
    EXPECT_EQ(changed.body, "y\r\n");
    for (const auto* other : {"B: 2\r\nA: 1\r\nA: 3\r\n\r\n", "A: 1\r\n\r\n"}) {
        copy.message = mail::Message::parse(std::string(other)).value();
        EXPECT_FALSE(make_edits(*received, copy)) << other;
    }
}

TEST(HandBack, c4_4_one_copy_goes_back_when_the_door_can_make_it) {
    using enum Transit::HandBackAbility;
    for (const auto ability : {none, add, change}) {
        for (const bool converts : {false, true}) {
            auto transit = make_transit(
                mail::Role::filter,
                std::nullopt,
                "x@example.org",
                "From: x@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
                "charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xC3\xBC\xC3\x9F"
                "e\r\n");
            auto snapshot = make_snapshot();
            snapshot->settings.seven_bit_always = converts;
            transit.snapshot = snapshot;
            transit.ability = ability;
            ASSERT_TRUE(run_stages(transit, ManualClock(from_unix(0))));
            EXPECT_EQ(transit.handed_back, ability != none && (!converts || ability == change));
            // A filter is no hop.
            EXPECT_EQ(transit.copies[0].prefix.empty(), transit.handed_back);
        }
    }
}

TEST(Decide, c2_8_what_cannot_be_converted_goes_on_as_it_is) {
    std::string text =
        "From: x@example.org\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    for (int i = 0; i < 1001; ++i) {
        text += "--b\r\n\r\n\xC3\xA4\r\n";
    }
    auto transit =
        make_transit(mail::Role::filter, std::nullopt, "x@example.org", text + "--b--\r\n");
    auto snapshot = make_snapshot();
    snapshot->settings.seven_bit_always = true;
    transit.snapshot = snapshot;
    ASSERT_TRUE(run_stages(transit, ManualClock(from_unix(0))));
    EXPECT_FALSE(transit.copies.at(0).converted);
    EXPECT_TRUE(transit.copies.at(0).eight_bit);
    EXPECT_TRUE(transit.beyond_mime_limits);
    EXPECT_TRUE(std::ranges::any_of(transit.trace, [](const TraceStep& step) {
        return std::ranges::any_of(step.facts,
                                   [](const auto& fact) { return fact.first == "not converted"; });
    }));
}

TEST(DecideSender, c2_5_roles_ask_for_what_they_need) {
    const auto snapshot = make_snapshot();
    const auto ask = [&](mail::Role role,
                         std::optional<std::string> login,
                         bool trusted,
                         std::string_view from) {
        mail::Envelope envelope;
        envelope.role = role;
        envelope.login = std::move(login);
        envelope.trusted_network = trusted;
        envelope.from = box(from);
        const auto refusal = decide_sender(*snapshot, envelope);
        return refusal ? refusal->code : 0;
    };
    EXPECT_EQ(ask(mail::Role::submission, std::nullopt, false, "anna@example.test"), 530);
    EXPECT_EQ(ask(mail::Role::submission, "anna", false, "anna@example.test"), 0);
    EXPECT_EQ(ask(mail::Role::submission, "anna", false, "bea@example.test"), 550);
    EXPECT_EQ(ask(mail::Role::relay, std::nullopt, false, "x@example.org"), 550);
    EXPECT_EQ(ask(mail::Role::relay, std::nullopt, true, "x@example.org"), 0);
    EXPECT_EQ(ask(mail::Role::inbound, std::nullopt, false, "x@example.org"), 0);
}

TEST(TraceFields, rfc5321_4_4_received_is_one_field_whatever_the_client_says) {
    mail::Envelope envelope;
    envelope.client = Ip::parse("2001:db8::7").value();
    envelope.helo = "evil)\r\nBcc: all@example.org";
    envelope.protocol = "ESMTPS";
    envelope.recipients.push_back({.mailbox = box("anna@example.test"), .dsn = {}});
    const auto field = make_received(envelope, MessageId{42}, "mx.example.test", from_unix(0));
    const auto parsed = mail::Message::parse(field + "\r\n").value();
    EXPECT_EQ(parsed.fields().size(), 1U);
    EXPECT_NE(field.find("[IPv6:2001:db8::7]"), std::string::npos);
    EXPECT_NE(field.find("for <anna@example.test>"), std::string::npos);
    envelope.recipients.push_back({.mailbox = box("bea@example.test"), .dsn = {}});
    EXPECT_EQ(make_received(envelope, MessageId{42}, "mx.example.test", from_unix(0)).find("for <"),
              std::string::npos);
}

TEST(TraceFields, rfc5321_4_4_our_own_words_came_from_nobody) {
    EXPECT_TRUE(make_received({}, MessageId{42}, "mx.example.test", from_unix(0))
                    .starts_with("Received: by mx.example.test id "));
    mail::Envelope envelope;
    envelope.client = Ip::parse("192.0.2.7").value();
    envelope.protocol = "ESMTP (comment";
    EXPECT_TRUE(make_received(envelope, MessageId{42}, "mx.example.test", from_unix(0))
                    .contains("with ESMTP??comment id "));
}

TEST(TraceFields, rfc6409_8_only_what_is_missing_is_added) {
    const auto complete =
        mail::Message::parse(std::string("Date: x\r\nMessage-ID: <y>\r\n\r\n")).value();
    EXPECT_EQ(make_missing_fields(complete, "h", MessageId{1}, from_unix(0)), "");
    const auto bare = mail::Message::parse(std::string("From: a@example.test\r\n\r\n")).value();
    const auto added = make_missing_fields(bare, "mx.example.test", MessageId{1}, from_unix(0));
    EXPECT_EQ(
        added,
        "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <0000000000001@mx.example.test>\r\n");
}

}  // namespace
}  // namespace bulla::gateway

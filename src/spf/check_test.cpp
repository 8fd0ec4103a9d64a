#include "spf/check.h"

#include "spf/received_spf.h"
#include "spf/test_support.h"

#include <gtest/gtest.h>

namespace bulla::spf {
namespace {

using dns::RecordType;

TEST(SpfCheck, rfc7208_2_4_identities) {
    Zone zone = with_record("v=spf1 ip4:192.0.2.1 -all");
    zone.txt("mail.example.com", "v=spf1 -all");
    Client who = client();
    auto result = check(zone, who);
    EXPECT_EQ(result.verdict, Verdict::pass);
    EXPECT_EQ(result.identity, Identity::mail_from);
    EXPECT_EQ(result.sender, "joe@example.com");
    EXPECT_EQ(result.domain, "example.com");
    result = run_check(Check(who, Identity::helo), zone).result;
    EXPECT_EQ(result.verdict, Verdict::fail);
    EXPECT_EQ(to_string(result.identity), "helo");
    EXPECT_EQ(result.sender, "postmaster@mail.example.com");
    who.sender.clear();
    result = check(zone, who);
    EXPECT_EQ(result.verdict, Verdict::fail);
    EXPECT_EQ(to_string(result.identity), "mailfrom");
    EXPECT_EQ(result.sender, "postmaster@mail.example.com") << "the null sender";
}

TEST(SpfCheck, rfc7208_4_3_what_is_no_domain_has_the_result_none_without_a_question) {
    for (const std::string_view sender : {"joe@localhost",
                                          "joe@[192.0.2.1]",
                                          "joe@192.0.2.1",
                                          "joe@a..example",
                                          "joe@",
                                          "joe@exa mple.com",
                                          "joe@\x1B[31m.com"}) {
        Client who = client();
        who.sender = sender;
        const auto step = Check(who, Identity::mail_from).evaluate({});
        const auto* const result = std::get_if<CheckResult>(&step);
        ASSERT_NE(result, nullptr) << sender;
        EXPECT_EQ(result->verdict, Verdict::none);
        EXPECT_EQ(result->domain, "");
        EXPECT_EQ(result->reason.find('\x1B'), std::string::npos);
    }
}

TEST(SpfCheck, rfc8616_4_domains_are_asked_as_a_labels) {
    Zone zone = Zone().txt("xn--bcher-kva.example", "v=spf1 exists:%{o}.%{d}.ok.example -all");
    zone.address("xn--bcher-kva.example.xn--bcher-kva.example.ok.example", "127.0.0.1");
    Client who = client();
    who.sender =
        "joe@B\xC3\xBC"
        "cher.example.";
    const auto result = check(zone, who);
    EXPECT_EQ(result.verdict, Verdict::pass) << result.reason;
    EXPECT_EQ(result.domain, "xn--bcher-kva.example");
    EXPECT_EQ(result.sender, "joe@xn--bcher-kva.example");
}

TEST(SpfCheck, rfc8616_4_terms_with_a_local_part_outside_ascii_match_nothing) {
    Zone zone = with_record("v=spf1 exists:%{L}.u.example include:%{l1}.u.example ~all");
    zone.address("j%c3%b6.u.example", "127.0.0.1");
    Client who = client();
    who.sender = "j\xC3\xB6@example.com";
    EXPECT_EQ(check(zone, who).verdict, Verdict::softfail);
    EXPECT_EQ(check(with_record("v=spf1 include:%{d}..u.example ~all"), who).verdict,
              Verdict::permerror);
    who.sender = "j%C3%B6@example.com";
    zone = with_record("v=spf1 exists:%{l}.u.example ~all");
    zone.address("j%c3%b6.u.example", "127.0.0.1");
    EXPECT_EQ(check(zone, who).verdict, Verdict::pass);
}

TEST(SpfCheck, rfc5321_4_1_2_a_quoted_local_part_is_the_same_mailbox) {
    Zone zone = with_record("v=spf1 exists:%{l}.u.example -all");
    zone.address("a\"b@c.u.example", "127.0.0.1");
    Client who = client();
    who.sender = R"("a\"b@c"@example.com)";
    EXPECT_EQ(check(zone, who).verdict, Verdict::pass);
    who.sender = "@example.com";
    EXPECT_EQ(check(zone, who).sender, "postmaster@example.com");
    who.sender = "example.com";
    EXPECT_EQ(check(zone, who).sender, "postmaster@example.com");
}

TEST(SpfCheck, rfc7208_4_4_failures_of_the_dns_are_temperror) {
    using dns::Rcode;
    for (const Rcode rcode :
         {Rcode::server_failure, Rcode::refused, Rcode::other_failure, Rcode::unreachable}) {
        EXPECT_EQ(check(Zone().failure("example.com", rcode)).verdict, Verdict::temperror);
        for (const std::string_view term : {"a:x.example",
                                            "mx:x.example",
                                            "exists:x.example",
                                            "include:x.example",
                                            "redirect=x.example"}) {
            Zone zone = with_record("v=spf1 " + std::string(term));
            zone.failure("x.example", rcode);
            const auto result = check(zone);
            EXPECT_EQ(result.verdict, Verdict::temperror) << term;
            EXPECT_EQ(result.mechanism, "");
            EXPECT_NE(result.reason.find("x.example"), std::string::npos);
        }
        Zone zone = with_record("v=spf1 mx").mx("example.com", 1, "x.example");
        EXPECT_EQ(check(zone.failure("x.example", rcode)).verdict, Verdict::temperror);
    }
    EXPECT_EQ(check(Zone()).verdict, Verdict::none) << "no such name";
    EXPECT_EQ(check(Zone().address("example.com", "192.0.2.1")).verdict, Verdict::none)
        << "no data";
}

TEST(SpfCheck, rfc4035_4_3_a_bogus_answer_is_a_temperror_whatever_it_says) {
    Zone zone = with_record("v=spf1 +all").bogus("example.com");
    const auto result = check(zone);
    EXPECT_EQ(result.verdict, Verdict::temperror);
    EXPECT_NE(result.reason.find("signed"), std::string::npos);
    zone =
        with_record("v=spf1 a:x.example -all").address("x.example", "192.0.2.1").bogus("x.example");
    EXPECT_EQ(check(zone).verdict, Verdict::temperror);
    zone = with_record("v=spf1 ptr -all")
               .ptr("192.0.2.1", "a.example.com")
               .address("a.example.com", "192.0.2.1");
    EXPECT_EQ(check(zone).verdict, Verdict::pass);
    EXPECT_EQ(check(zone.bogus("a.example.com")).verdict, Verdict::fail)
        << "a name that is skipped";
}

TEST(SpfCheck, records_of_another_type_or_shape_count_for_nothing) {
    Zone zone = with_record("v=spf1 a -all");
    zone.add(RecordType::a, "example.com", std::string(16, '\0'));
    zone.add(RecordType::a, "example.com", "abc");
    zone.add(RecordType::txt, "example.com", "\5bad");
    zone.add(RecordType::txt, "example.com", "");
    const auto result = check(zone);
    EXPECT_EQ(result.verdict, Verdict::fail);
    EXPECT_EQ(result.void_lookups, 1);
    zone = with_record("v=spf1 mx -all");
    zone.add(RecordType::mx, "example.com", "\1");
    zone.add(RecordType::mx, "example.com", std::string("\0\1\xFFx", 4));
    zone.mx("example.com", 1, "");
    EXPECT_EQ(check(zone).verdict, Verdict::fail);
}

TEST(SpfCheck, rfc7208_5_5_ptr_matches_at_labels_and_skips_failures) {
    Zone zone = with_record("v=spf1 ptr -all");
    zone.ptr("192.0.2.1", "badexample.com").address("badexample.com", "192.0.2.1");
    EXPECT_EQ(check(zone).verdict, Verdict::fail);
    zone.ptr("192.0.2.1", "a.example.com").failure("a.example.com");
    zone.ptr("192.0.2.1", "B.Example.COM").address("b.example.com", "192.0.2.1");
    EXPECT_EQ(check(zone).verdict, Verdict::pass);
    EXPECT_EQ(check(with_record("v=spf1 ptr -all").failure("1.2.0.192.in-addr.arpa")).verdict,
              Verdict::fail);
    zone = with_record("v=spf1 ptr -all")
               .ptr("2001:db8::1", "example.com")
               .address("example.com", "2001:db8::1");
    EXPECT_EQ(check(zone, client("2001:db8::1")).verdict, Verdict::pass);
}

TEST(SpfCheck, rfc7208_7_3_p_prefers_the_domain_then_what_is_below_it) {
    Zone zone = with_record("v=spf1 -all exp=e.example").txt("e.example", "%{p}");
    EXPECT_EQ(check(zone).explanation, "unknown");
    for (const std::string name :
         {"b.example.org", "a.example.org", "z.example.com", "example.com"}) {
        zone.ptr("192.0.2.1", name).address(name, "192.0.2.1");
        const auto result = check(zone);
        EXPECT_EQ(result.explanation, name);
        EXPECT_EQ(result.terms, 0) << "the explanation is none of the terms";
    }
}

TEST(SpfCheck, rfc7208_5_ipv6_and_mapped_addresses) {
    const Zone zone = with_record("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all");
    EXPECT_EQ(check(zone, client("::ffff:192.0.2.9")).mechanism, "ip4:192.0.2.0/24");
    EXPECT_EQ(check(zone, client("2001:db8::9")).mechanism, "ip6:2001:db8::/32");
    EXPECT_EQ(check(zone, client("2001:db9::9")).mechanism, "~all");
}

TEST(SpfCheck, rfc7208_5_2_and_6_1_what_include_and_redirect_lead_to) {
    for (const std::string_view term : {"include:", "redirect="}) {
        for (const auto& [target, verdict] : std::vector<std::pair<std::string, Verdict>>{
                 {"no.example", Verdict::permerror},
                 {"%{h}", Verdict::permerror},
                 {"%{l}..example", Verdict::permerror},
                 {"two.example", Verdict::permerror},
                 {"bad.example", Verdict::permerror},
                 {"pass.example", Verdict::pass},
                 {"fail.example", term == "include:" ? Verdict::neutral : Verdict::fail}}) {
            Zone zone = with_record("v=spf1 " + std::string(term) + target);
            zone.txt("two.example", "v=spf1 +all").txt("two.example", "v=spf1 -all");
            zone.txt("bad.example", "v=spf1 all moo")
                .txt("pass.example", "v=spf1 all")
                .txt("fail.example", "v=spf1 -all");
            Client who = client();
            who.helo = "single";
            EXPECT_EQ(check(zone, who).verdict, verdict) << term << target;
        }
    }
}

TEST(SpfCheck, rfc7208_9_1_what_decided_is_told) {
    Zone zone = with_record("v=spf1 a:x.example include:_spf.example.net ?all");
    zone.address("x.example", "203.0.113.1");
    zone.txt("_spf.example.net", "v=spf1 ip4:192.0.2.0/24 -all");
    auto result = check(zone);
    EXPECT_EQ(result.mechanism, "include:_spf.example.net");
    EXPECT_EQ(result.reason,
              "192.0.2.1 may send for example.com: include:_spf.example.net in the record of "
              "example.com, and there "
              "ip4:192.0.2.0/24 in the record of _spf.example.net");
    EXPECT_EQ(result.record, "v=spf1 a:x.example include:_spf.example.net ?all");
    result = check(zone, client("198.51.100.1"));
    EXPECT_EQ(result.verdict, Verdict::neutral);
    EXPECT_EQ(result.mechanism, "?all");
    result = check(with_record("v=spf1 ip4:10.0.0.0/8"));
    EXPECT_EQ(result.verdict, Verdict::neutral);
    EXPECT_EQ(result.mechanism, "default");
    EXPECT_EQ(result.reason,
              "example.com does not say whether 192.0.2.1 may send for it: nothing in the record "
              "of example.com matches");
    EXPECT_EQ(check(Zone()).reason, "there is no SPF record at example.com");
    result = check(with_record("v=spf1 a:\xFF"));
    EXPECT_EQ(result.verdict, Verdict::permerror);
    EXPECT_EQ(result.record, "v=spf1 a:?");
}

TEST(SpfCheck, the_trace_has_each_answer_that_was_used_once_and_no_other) {
    Zone zone = with_record(
        "v=spf1 include:i.example a:x.example a:x.example ip4:192.0.2.1 a:never.example -all");
    zone.address("x.example", "203.0.113.1").address("never.example", "203.0.113.1");
    zone.txt("i.example", "v=spf1 exists:no.example -all");
    const auto run = run_check(Check(client(), Identity::mail_from), zone);
    ASSERT_EQ(run.result.verdict, Verdict::pass);
    const auto used = [](RecordType type, std::string name, dns::Rcode rcode) {
        return UsedAnswer{.type = type,
                          .name = std::move(name),
                          .rcode = rcode,
                          .ttl = std::chrono::seconds(300)};
    };
    EXPECT_EQ(run.result.answers,
              (std::vector{used(RecordType::txt, "example.com", dns::Rcode::no_error),
                           used(RecordType::txt, "i.example", dns::Rcode::no_error),
                           used(RecordType::a, "no.example", dns::Rcode::name_error),
                           used(RecordType::a, "x.example", dns::Rcode::no_error)}));
    EXPECT_EQ(run.answers.size(), 5) << "never.example was asked ahead";
    EXPECT_EQ(run.rounds, 3);
    const auto careful =
        run_check(Check(client(), Identity::mail_from, {.max_asked_ahead = 0}), zone);
    EXPECT_EQ(careful.result.answers, run.result.answers);
    EXPECT_EQ(careful.answers.size(), 4) << "nothing but what was needed";
}

// The longest way that the limits leave: each term takes two rounds, the names of the client and the explanation come last.
TEST(SpfCheck, order_of_records_and_answers_does_not_matter) {
    for (const bool turned : {false, true}) {
        Zone zone = with_record("v=spf1 mx ~all");
        // One void look-up stands before the client, three after it: which is which must not depend on the DNS.
        for (unsigned i = 0; i < 5; ++i) {
            const unsigned preference = turned ? 4 - i : i;
            zone.mx("example.com", preference, "h" + number(preference) + ".example");
        }
        zone.address("h1.example", "192.0.2.1");
        for (const bool reversed : {false, true}) {
            const auto run = run_check(Check(client(), Identity::mail_from), zone, reversed);
            EXPECT_EQ(run.result.verdict, Verdict::pass) << run.result.reason;
            EXPECT_EQ(run.result.void_lookups, 1);
        }
    }
}

// Ten long records that include each other, with names that grow as far as macros make them.
TEST(SpfCheck, rfc7208_6_2_explanations_that_are_not_used) {
    const auto explanation = [](std::string_view text, const Client& who = client()) {
        Zone zone = with_record("v=spf1 -all exp=e.example").txt("e.example", text);
        const auto result = check(zone, who);
        EXPECT_EQ(result.verdict, Verdict::fail);
        return result.explanation;
    };
    EXPECT_EQ(explanation("Not from %{c}, %{r} says at %{t}: see %{L}%_%%"),
              "Not from 192.0.2.1, in.example.net says at 1700000000: see joe %");
    EXPECT_EQ(explanation(std::string(450, 'x')), std::string(450, 'x'));
    for (const std::string& bad : {std::string(451, 'x'),
                                   std::string("a\r\nX-Injected: b"),
                                   std::string("a\tb"),
                                   std::string("\x1B[31mred"),
                                   std::string("caf\xC3\xA9"),
                                   std::string("%{x}"),
                                   std::string("%"),
                                   std::string()}) {
        EXPECT_EQ(explanation(bad), "") << bad;
    }
    Client who = client();
    who.helo = "a\r\n250 ok";
    EXPECT_EQ(explanation("helo was %{h}", who), "") << "what macros bring in is held to the same";
    who.sender = "j\xC3\xB6@example.com";
    EXPECT_EQ(explanation("you are %{s}", who), "");
    EXPECT_EQ(explanation("you are %{L}", who), "you are j%C3%B6");
}

TEST(SpfCheck, rfc7208_6_2_only_fail_is_explained_and_only_by_the_record_that_failed) {
    for (const std::string_view term : {"+all", "?all", "~all"}) {
        Zone zone =
            with_record("v=spf1 " + std::string(term) + " exp=e.example").txt("e.example", "x");
        const auto run = run_check(Check(client(), Identity::mail_from), zone);
        EXPECT_EQ(run.result.explanation, "");
        EXPECT_EQ(run.answers.size(), 1) << "nobody asked for it";
    }
    Zone zone =
        with_record("v=spf1 redirect=r.example exp=e.example").txt("e.example", "of the first");
    zone.txt("r.example", "v=spf1 include:i.example -all exp=f.example")
        .txt("f.example", "of %{d}, for %{o}");
    zone.txt("i.example", "v=spf1 -all exp=e.example");
    EXPECT_EQ(check(zone).explanation, "of r.example, for example.com");
    zone = with_record("v=spf1 -all exp=e.example").bogus("e.example");
    EXPECT_EQ(check(zone).explanation, "");
}

TEST(SpfCheck, rfc7208_9_1_received_spf) {
    Zone zone = with_record("v=spf1 ip4:192.0.2.0/24 -all");
    EXPECT_EQ(
        write_received_spf(client(), check(zone)),
        "Received-SPF: pass\r\n"
        "\t(192.0.2.1 may send for example.com: ip4:192.0.2.0/24 in the record of example.com)\r\n"
        "\tclient-ip=192.0.2.1;\r\n"
        "\tenvelope-from=\"joe@example.com\";\r\n"
        "\thelo=mail.example.com;\r\n"
        "\treceiver=in.example.net;\r\n"
        "\tidentity=mailfrom;\r\n"
        "\tmechanism=\"ip4:192.0.2.0/24\"\r\n");
    Client who = client("2001:db8::1");
    who.helo = "evil\"\\)\r\nSubject: x" + std::string(2000, 'y');
    who.sender.clear();
    who.receiver.clear();
    const auto field = write_received_spf(who, check(zone, who));
    EXPECT_NE(field.find("client-ip=\"2001:db8::1\";"), std::string::npos);
    EXPECT_NE(field.find("helo=\"evil\\\"\\\\)??Subject: x"), std::string::npos) << field;
    EXPECT_EQ(field.find("\nSubject"), std::string::npos);
    std::size_t begin = 0;
    for (auto end = field.find("\r\n"); end != std::string::npos; end = field.find("\r\n", begin)) {
        EXPECT_LE(end - begin, 998);
        begin = end + 2;
    }
    EXPECT_EQ(begin, field.size());
    zone = with_record("v=spf1 (moo)");
    EXPECT_NE(write_received_spf(client(), check(zone)).find("problem=\"the SPF record"),
              std::string::npos);
}

}  // namespace
}  // namespace bulla::spf

#include "spf/check.h"
#include "spf/test_support.h"

#include <gtest/gtest.h>

#include <chrono>

namespace bulla::spf {
namespace {

using dns::RecordType;

TEST(SpfLimits, rfc7208_4_6_4_ten_terms) {
    const auto zone_with = [](std::size_t terms) {
        std::string record = "v=spf1";
        Zone zone;
        for (std::size_t i = 0; i < terms; ++i) {
            record += " a:a" + number(i) + ".example";
            zone.address("a" + number(i) + ".example", "203.0.113.1");
        }
        return zone.txt("example.com", record + " ip4:192.0.2.1 -all");
    };
    auto result = check(zone_with(10));
    EXPECT_EQ(result.verdict, Verdict::pass) << result.reason;
    EXPECT_EQ(result.terms, 10);
    result = check(zone_with(11));
    EXPECT_EQ(result.verdict, Verdict::permerror);
    EXPECT_EQ(result.mechanism, "");
    EXPECT_EQ(check(zone_with(11), client(), {.max_terms = 11}).verdict, Verdict::pass);
    // What stands in included records counts as well, and redirect= is a term.
    for (const std::size_t terms : {8U, 9U}) {
        Zone zone = zone_with(terms);
        zone.txt("other.example", "v=spf1 include:example.com redirect=last.example");
        zone.txt("last.example", "v=spf1 ip4:198.51.100.1 -all");
        Client who = client("198.51.100.1");
        who.sender = "joe@other.example";
        EXPECT_EQ(check(zone, who).verdict, terms == 8 ? Verdict::pass : Verdict::permerror)
            << terms;
    }
}

TEST(SpfLimits, rfc7208_4_6_4_the_names_for_the_macro_p_are_a_term_once) {
    for (const std::size_t terms : {9U, 10U}) {
        std::string record = "v=spf1";
        Zone zone;
        for (std::size_t i = 0; i < terms; ++i) {
            record += i < 2 ? " exists:%{p}.x" + number(i) + ".example" : " a:mail.example.com";
            zone.address("unknown.x" + number(i) + ".example.no", "203.0.113.1");
        }
        zone.address("mail.example.com", "203.0.113.1");
        zone.txt("example.com", record + " ip4:192.0.2.1 -all");
        EXPECT_EQ(check(zone).verdict, terms == 9 ? Verdict::pass : Verdict::permerror);
    }
}

TEST(SpfLimits, rfc7208_4_6_4_two_void_lookups) {
    const auto zone_with = [](std::size_t voids) {
        std::string record = "v=spf1";
        for (std::size_t i = 0; i < voids; ++i) {
            record += (i == 0   ? " exists:"
                       : i == 1 ? " mx:"
                                : " a:") +
                      ("no" + number(i)) + ".example";
        }
        return with_record(record + " ip4:192.0.2.1 -all");
    };
    auto result = check(zone_with(2));
    EXPECT_EQ(result.verdict, Verdict::pass);
    EXPECT_EQ(result.void_lookups, 2);
    EXPECT_EQ(check(zone_with(3)).verdict, Verdict::permerror);
    EXPECT_EQ(check(zone_with(3), client(), {.max_void_lookups = 3}).verdict, Verdict::pass);
    Zone zone = with_record("v=spf1 mx ip4:192.0.2.1 -all");
    for (const unsigned preference : {1U, 2U, 3U}) {
        EXPECT_EQ(check(zone).verdict, Verdict::pass);
        zone.mx("example.com", preference, "no" + number(preference) + ".example");
    }
    EXPECT_EQ(check(zone).verdict, Verdict::permerror) << "hosts of MX records without an address";
}

TEST(SpfLimits, rfc7208_4_6_4_ten_mx_records_of_one_name) {
    Zone zone = with_record("v=spf1 mx -all");
    for (unsigned i = 0; i < 10; ++i) {
        const std::string host = "mx" + number(i) + ".example.com";
        zone.mx("example.com", i, host).address(host, i == 9 ? "192.0.2.1" : "203.0.113.1");
    }
    EXPECT_EQ(check(zone).verdict, Verdict::pass);
    zone.mx("example.com", 10, "mx10.example.com");
    EXPECT_EQ(check(zone).verdict, Verdict::permerror)
        << "also if one of the first ten is the client";
    EXPECT_EQ(check(zone, client(), {.max_mx = 11}).verdict, Verdict::pass);
}

TEST(SpfLimits, rfc7208_4_6_4_ten_names_of_the_client) {
    for (const std::size_t names : {10U, 11U}) {
        Zone zone = with_record("v=spf1 ptr ~all");
        for (std::size_t i = 1; i < names; ++i) {
            zone.ptr("192.0.2.1", "a" + number(i) + ".example.org");
        }
        zone.ptr("192.0.2.1", "z.example.com").address("z.example.com", "192.0.2.1");
        const auto run = run_check(Check(client(), Identity::mail_from), zone);
        EXPECT_EQ(run.result.verdict, names == 10 ? Verdict::pass : Verdict::softfail);
        EXPECT_EQ(run.answers.size(), 12) << "the record, the names, ten addresses";
        EXPECT_EQ(run.result.void_lookups, 0)
            << "the client's owner cannot bring about a permerror";
    }
}

TEST(SpfLimits, questions_are_few_distinct_and_in_the_form_of_the_dns) {
    std::string record = "v=spf1";
    for (int i = 0; i < 500; ++i) {
        record += " include:I" + number(static_cast<std::size_t>(i)) + ".Example";
    }
    const Check check(client(), Identity::mail_from);
    auto step = check.evaluate({});
    ASSERT_EQ(std::get<Check::Questions>(step),
              (Check::Questions{{.type = RecordType::txt, .name = "example.com"}}));
    std::vector<dns::DnsAnswer> answers{
        with_record(record).answer({RecordType::txt, "example.com"})};
    step = check.evaluate(answers);
    const auto& questions = std::get<Check::Questions>(step);
    EXPECT_EQ(questions.size(), 11) << "one that is needed, ten ahead of need";
    EXPECT_EQ(questions.front(), (dns::DnsQuestion{.type = RecordType::txt, .name = "i0.example"}));
    answers[0].name = "EXAMPLE.com";
    EXPECT_EQ(std::get<Check::Questions>(check.evaluate(answers)), questions)
        << "case does not matter";
    answers.push_back({.type = RecordType::a, .name = "i0.example", .records = {}});
    EXPECT_EQ(std::get<Check::Questions>(check.evaluate(answers)), questions)
        << "another type is no answer";
}

TEST(SpfLimits, rounds_are_bounded) {
    std::string record = "v=spf1";
    Zone zone;
    for (unsigned i = 0; i < 10; ++i) {
        const std::string name = "m" + number(i) + ".example";
        record += " mx:" + name;
        zone.mx(name, 1, "a." + name).address("a." + name, "203.0.113.1");
    }
    zone.txt("example.com", record + " -all exp=%{p}.e.example")
        .txt("x.example.com.e.example", "Go away, %{p}");
    zone.ptr("192.0.2.1", "x.example.com").address("x.example.com", "192.0.2.1");
    const auto run = run_check(Check(client(), Identity::mail_from, {.max_asked_ahead = 0}), zone);
    EXPECT_EQ(run.result.verdict, Verdict::fail);
    EXPECT_EQ(run.result.explanation, "Go away, x.example.com");
    EXPECT_EQ(run.rounds, Check::max_rounds);
    EXPECT_LT(run_check(Check(client(), Identity::mail_from), zone).rounds, 18);
}

TEST(SpfLimits, long_records_in_many_strings) {
    const auto zone_with = [](std::size_t size) {
        std::string text = "v=spf1 ip4:192.0.2.1";
        text += std::string(size - text.size(), ' ');
        std::string rdata;
        for (const char c : text) {
            rdata.append({'\1', c});
        }
        return Zone().add(RecordType::txt, "example.com", rdata);
    };
    EXPECT_EQ(check(zone_with(16'384)).verdict, Verdict::pass);
    EXPECT_EQ(check(zone_with(16'384)).record.size(), 512);
    EXPECT_EQ(check(zone_with(16'385)).verdict, Verdict::permerror);
    EXPECT_EQ(check(zone_with(65'000), client(), {.max_record = 65'536}).verdict, Verdict::pass);
    // Many strings that are no SPF records are none of our business.
    Zone zone = with_record("v=spf1 ip4:192.0.2.1");
    for (std::size_t i = 0; i < 2000; ++i) {
        zone.txt("example.com", "verification=" + number(i));
    }
    EXPECT_EQ(check(zone).verdict, Verdict::pass);
}

TEST(SpfLimits, the_dearest_records_are_read_in_time) {
    std::string macros;
    while (macros.size() < 16'000) {
        macros += "%{s}%{h}.";
    }
    Zone zone;
    for (std::size_t i = 0; i < 10; ++i) {
        zone.txt(i == 0 ? "example.com" : "i" + number(i) + ".example",
                 "v=spf1 include:" + macros + "i" + number(i + 1) + ".example -all");
    }
    Client who = client();
    who.helo = std::string(250, 'h');
    who.sender = std::string(64, 'l') + "@example.com";
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(check(zone, who).verdict, Verdict::permerror);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace bulla::spf

#include "spf/record.h"

#include <gtest/gtest.h>

namespace bulla::spf {
namespace {

bool reads(std::string_view text) {
    return parse_record(text).has_value();
}

TEST(SpfRecord, rfc7208_4_5_the_version_ends_with_a_space_or_the_record) {
    for (const std::string_view good : {"v=spf1", "V=SPF1", "v=spf1 ", "v=spf1 -all"}) {
        EXPECT_TRUE(is_record(good)) << good;
    }
    for (const std::string_view bad :
         {"", "v=spf", "v=spf10", "v=spf1\t-all", " v=spf1", "v=spf2.0/pra -all"}) {
        EXPECT_FALSE(is_record(bad)) << bad;
    }
}

TEST(SpfRecord, rfc7208_4_6_1_terms) {
    const auto record = parse_record(
        "v=spf1  +IP4:192.0.2.0/24 -ip6:2001:db8::/32 ?a/20//64 ~mx:mx.example.com/8 "
        "include:%{d2}.example ptr exists:%{i}.example.net moo=%{c}x EXP=e.example.com "
        "redirect=r.example.com all  ");
    ASSERT_TRUE(record) << record.error().text;
    ASSERT_EQ(record->directives.size(), 8);
    EXPECT_EQ(record->directives[0].mechanism, Mechanism::ip4);
    EXPECT_EQ(record->directives[0].prefix_v4, 24);
    EXPECT_EQ(record->directives[1].result, Verdict::fail);
    EXPECT_EQ(record->directives[1].prefix_v6, 32);
    EXPECT_EQ(record->directives[2].result, Verdict::neutral);
    EXPECT_EQ(record->directives[2].prefix_v4, 20);
    EXPECT_EQ(record->directives[2].prefix_v6, 64);
    EXPECT_EQ(record->directives[3].result, Verdict::softfail);
    EXPECT_EQ(record->directives[3].text, "~mx:mx.example.com/8");
    EXPECT_EQ(record->directives[7].mechanism, Mechanism::all);
    EXPECT_TRUE(record->redirect);
    EXPECT_TRUE(record->explanation);
}

TEST(SpfRecord, rfc7208_5_forms_of_mechanisms) {
    for (const std::string_view good : {"all",
                                        "a",
                                        "a:x.example",
                                        "a/0",
                                        "a/32",
                                        "a//0",
                                        "a//128",
                                        "a:x.example/1//1",
                                        "mx/7",
                                        "ptr:x.example",
                                        "ip4:0.0.0.0/0",
                                        "ip6:::/0",
                                        "ip6:::1/128",
                                        "a:%{d}/24",
                                        "a=b",
                                        "x.y-z_1=%{t}",
                                        "x="}) {
        EXPECT_TRUE(reads("v=spf1 " + std::string(good))) << good;
    }
    for (const std::string_view bad : {"all:x.example",
                                       "all/8",
                                       "a:",
                                       "a/",
                                       "a//",
                                       "a/33",
                                       "a//129",
                                       "a/032",
                                       "a/00",
                                       "a//064",
                                       "a/24/64",
                                       "a///64",
                                       "a/-1",
                                       "a/99999999999",
                                       "ax",
                                       "a:x",
                                       "mx:1.2.3.4",
                                       "ptr/24",
                                       "ip4",
                                       "ip4:",
                                       "ip4:1.2.3",
                                       "ip4:1.2.3.256",
                                       "ip4:1.2.3.04",
                                       "ip4:1.2.3.4/33",
                                       "ip4:1.2.3.4/",
                                       "ip4:::1",
                                       "ip6:1.2.3.4",
                                       "ip6:::1/129",
                                       "ip6::1::",
                                       "ip6:fe80::1%eth0",
                                       "include",
                                       "include:",
                                       "exists",
                                       "exists:x.example/8",
                                       "+",
                                       "++all",
                                       "+x=y",
                                       "=x",
                                       "1x=y",
                                       "x=%{q}",
                                       "redirect=",
                                       "redirect=x",
                                       "redirect:x.example",
                                       "exp=%{c}.example",
                                       "exp=a.b exp=a.b",
                                       "redirect=a.b Redirect=a.b",
                                       "-all\t",
                                       "all,",
                                       "\x80"}) {
        EXPECT_FALSE(reads("v=spf1 " + std::string(bad))) << bad;
    }
}

TEST(SpfRecord, rfc7208_5_prefixes_compare_the_first_bits) {
    const auto covers = [](std::string_view term, std::string_view ip) {
        const std::string text = "v=spf1 " + std::string(term);
        const auto record = parse_record(text);
        const Directive& directive = record->directives.at(0);
        return directive.covers(directive.network, Ip::parse(ip).value());
    };
    EXPECT_TRUE(covers("ip4:192.0.2.129/25", "192.0.2.254")) << "bits below the prefix may be set";
    EXPECT_FALSE(covers("ip4:192.0.2.129/25", "192.0.2.127"));
    EXPECT_TRUE(covers("ip4:192.0.2.1/31", "192.0.2.0"));
    EXPECT_FALSE(covers("ip4:192.0.2.1", "192.0.2.0"));
    EXPECT_TRUE(covers("ip4:0.0.0.0/0", "203.0.113.1"));
    EXPECT_FALSE(covers("ip4:0.0.0.0/0", "2001:db8::1"));
    EXPECT_FALSE(covers("ip6:::/0", "192.0.2.1"));
    EXPECT_FALSE(covers("ip6:::ffff:192.0.2.1", "192.0.2.1"));
    EXPECT_TRUE(covers("ip6:::ffff:192.0.2.1/0", "2001:db8::1"));
    EXPECT_TRUE(covers("ip6:2001:db8:8000::/33", "2001:db8:ffff::1"));
    EXPECT_FALSE(covers("ip6:2001:db8:8000::/33", "2001:db8:7fff::1"));
}

TEST(SpfRecord, what_an_error_says_can_be_printed) {
    const auto record = parse_record("v=spf1 a:\x1B[31m\r\nX: y" + std::string(500, 'z'));
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code, "spf.bad_record");
    EXPECT_EQ(record.error().text.find_first_of("\x1B\r\n"), std::string::npos);
    EXPECT_LT(make_printable(std::string(500, 'z')).size(), 110U);
}

}  // namespace
}  // namespace bulla::spf

#include "dns/answer.h"

#include <gtest/gtest.h>

namespace bulla::dns {
namespace {

using namespace std::string_view_literals;

TEST(DnsAnswer, rfc1035_3_3_14_txt) {
    EXPECT_EQ(parse_txt("\3abc\2de"sv).value(), "abcde");
    EXPECT_EQ(parse_txt("\0"sv).value(), "");
    EXPECT_EQ(parse_txt(""sv).error().code, "dns.bad_record");
    EXPECT_EQ(parse_txt("\4abc"sv).error().code, "dns.bad_record");
    for (const std::size_t size : {0U, 1U, 254U, 255U, 256U, 700U}) {
        const std::string text(size, 'x');
        EXPECT_EQ(parse_txt(write_txt(text)).value(), text);
    }
}

TEST(DnsAnswer, rfc1035_3_3_9_mx_and_names) {
    EXPECT_EQ(parse_mx("\0\x0A\4Mail\7example\3com\0"sv).value(),
              (Mx{.preference = 10, .exchange = "mail.example.com"}));
    EXPECT_EQ(parse_mx("\0\0\0"sv).value().exchange, "") << "the null MX of RFC 7505";
    EXPECT_EQ(parse_name("\1a\1b"sv).error().code, "dns.bad_record") << "no end";
    EXPECT_EQ(parse_name("\xC0\x0C"sv).error().code, "dns.bad_record") << "a pointer";
    EXPECT_EQ(parse_name("\3a.b\0"sv).error().code, "dns.bad_record") << "a dot in a label";
    EXPECT_EQ(parse_name("\1a\0x"sv).error().code, "dns.bad_record");
    EXPECT_EQ(parse_address("\xC0\0\2\1"sv)->text(), "192.0.2.1");
    EXPECT_EQ(parse_address("\xC0\0\2"sv).error().code, "dns.bad_record");
}

TEST(DnsAnswer, rfc3596_2_5_and_rfc1035_3_5_reverse_names) {
    EXPECT_EQ(reverse_name(*Ip::parse("192.0.2.255")), "255.2.0.192.in-addr.arpa");
    EXPECT_EQ(reverse_name(*Ip::parse("::ffff:10.0.0.1")), "1.0.0.10.in-addr.arpa");
    EXPECT_EQ(reverse_name(*Ip::parse("2001:db8::567:89ab")),
              "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST(DnsAnswer, rfc4035_4_3_bogus_is_no_answer) {
    DnsAnswer answer{.type = RecordType::txt,
                     .name = "a",
                     .rcode = Rcode::no_error,
                     .records = {write_txt("x"), "\5bad"}};
    EXPECT_EQ(texts(answer), std::vector<std::string>{"x"});
    answer.security = Security::bogus;
    EXPECT_TRUE(answer.is_temporary_failure());
    EXPECT_TRUE(texts(answer).empty());
    answer = {.type = RecordType::txt, .name = "a", .rcode = Rcode::name_error, .records = {}};
    EXPECT_TRUE(answer.is_absent());
    EXPECT_TRUE(DnsAnswer{}.is_temporary_failure()) << "nothing was asked yet";
}

}  // namespace
}  // namespace bulla::dns

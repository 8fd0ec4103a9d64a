#include "authres/parse.h"

#include "authres/write.h"

#include <gtest/gtest.h>

namespace bulla::authres {
namespace {

TEST(AuthresParse, rfc8601_2_2_what_the_grammar_allows) {
    const auto results = parse_results(
        " example.com (our border) 1;\r\n\tspf = pass (sender (known) here)\r\n "
        "smtp.mailfrom=a@example.net "
        "smtp . helo = mx.example.net;\r\n dkim/1=FAIL reason=\"bad \\\"key\\\"\" "
        "header.i=@Example.net header.b=\"ab/c=\"; dmarc=pass header.from=example.net");
    ASSERT_TRUE(results) << results.error().text;
    const Results expected{
        .authserv_id = "example.com",
        .version = 1,
        .methods = {{.method = "spf",
                     .version = 1,
                     .result = "pass",
                     .comment = "sender (known) here",
                     .reason = "",
                     .properties = {{"smtp", "mailfrom", "a@example.net"},
                                    {"smtp", "helo", "mx.example.net"}}},
                    {.method = "dkim",
                     .version = 1,
                     .result = "fail",
                     .comment = "",
                     .reason = "bad \"key\"",
                     .properties = {{"header", "i", "@Example.net"}, {"header", "b", "ab/c="}}},
                    {.method = "dmarc",
                     .version = 1,
                     .result = "pass",
                     .comment = "",
                     .reason = "",
                     .properties = {{"header", "from", "example.net"}}}}};
    EXPECT_EQ(*results, expected);
}

TEST(AuthresParse, rfc8601_2_2_no_result) {
    for (const char* text : {"example.org; none", "example.org 1; none", "example.org;"}) {
        const auto results = parse_results(text);
        ASSERT_TRUE(results) << text;
        EXPECT_EQ(results->authserv_id, "example.org");
        EXPECT_TRUE(results->methods.empty());
    }
}

TEST(AuthresParse, rfc8601_2_2_what_is_seen_in_the_wild) {
    // An empty value, an address of a host without quotation marks, a pair that is no property, and a ";" at the end.
    const auto results = parse_results(
        "mx.example; spf=none smtp.mailfrom=; iprev=pass policy.iprev=2001:db8::1;\r\n"
        " dmarc=pass action=none header.from=a.example; arc=pass (i=1) smtp.x=\"a b\"@c.example;");
    ASSERT_TRUE(results) << results.error().text;
    ASSERT_EQ(results->methods.size(), 4U);
    EXPECT_EQ(results->methods[0].properties[0].value, "");
    EXPECT_EQ(results->methods[1].properties[0].value, "2001:db8::1");
    EXPECT_EQ(results->methods[2].properties.size(), 1U);
    EXPECT_EQ(results->methods[3].comment, "i=1");
    EXPECT_EQ(results->methods[3].properties[0].value, "a b@c.example");
}

TEST(AuthresParse, rfc8601_2_2_malformed_fields_are_refused) {
    for (const char* text : {"",
                             ";",
                             "example.org",
                             "example.org spf=pass",
                             "example.org (unclosed; spf=pass",
                             "\"unclosed; spf=pass",
                             "example.org; spf=",
                             "example.org; =pass",
                             "example.org; spf pass",
                             "example.org; spf=pass smtp.mailfrom",
                             "example.org; spf=pass smtp.=x",
                             "example.org; spf=pass .x=y",
                             "example.org; spf/x=pass",
                             "example.org; spf/1234567=pass",
                             "example.org; spf=pass reason=\"a\x01\"",
                             "example.org; spf=pass)",
                             "example.org; spf=pass \\"}) {
        const auto results = parse_results(text);
        ASSERT_FALSE(results) << text;
        EXPECT_EQ(results.error().code, "authres.malformed") << text;
    }
}

TEST(AuthresParse, limits_hold) {
    std::string methods = "a.example";
    std::string properties = "a.example; spf=pass";
    for (int i = 0; i < 65; ++i) {
        methods += "; spf=pass";
        properties += " smtp.x=y";
    }
    for (const std::string& text :
         {methods,
          properties,
          std::string(32 * 1024 + 1, 'a'),
          "a.example; spf=pass " + std::string(17, '(') + std::string(17, ')')}) {
        const auto results = parse_results(text);
        ASSERT_FALSE(results);
        EXPECT_EQ(results.error().code, "authres.too_long");
    }
    EXPECT_TRUE(
        parse_results("a.example; spf=pass " + std::string(16, '(') + std::string(16, ')')));
}

TEST(AuthresWrite, DK_20_one_field_for_all_methods) {
    const Results results{
        .authserv_id = "mx.example.org",
        .version = 1,
        .methods = {
            {.method = "spf",
             .result = "pass",
             .properties = {{"smtp", "mailfrom", "SRS0=x/1=a@example.net"}}},
            {.method = "dkim",
             .result = "fail",
             .comment = "2048-bit key (old)",
             .reason = "the body was changed",
             .properties = {{"header", "d", "example.net"}, {"header", "b", "ab/c=="}}},
            {.method = "iprev",
             .result = "pass",
             .properties = {{"policy", "iprev", "2001:db8::1"}}},
            {.method = "auth", .result = "pass", .properties = {{"smtp", "auth", "user one"}}},
            {.method = "openpgp", .result = "pass", .properties = {{"body", "key", "0A1B"}}},
            {.method = "arc", .result = "none"}}};
    const std::string field = write_field(results);
    EXPECT_EQ(field,
              "Authentication-Results: mx.example.org; spf=pass\r\n"
              " smtp.mailfrom=SRS0=x/1=a@example.net; dkim=fail (2048-bit key \\(old\\))\r\n"
              " reason=\"the body was changed\" header.d=example.net header.b=\"ab/c==\";\r\n"
              " iprev=pass policy.iprev=\"2001:db8::1\"; auth=pass smtp.auth=\"user one\";\r\n"
              " openpgp=pass body.key=0A1B; arc=none\r\n");
    const auto again = parse_results(std::string_view(field).substr(field.find(':') + 1));
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(*again, results);
}

TEST(AuthresWrite, rfc8601_2_2_none) {
    EXPECT_EQ(write_field({.authserv_id = "a.example", .methods = {}}),
              "Authentication-Results: a.example; none\r\n");
    EXPECT_EQ(write_field({.authserv_id = "a.example", .version = 2, .methods = {}}),
              "Authentication-Results: a.example 2; none\r\n");
}

TEST(AuthresWrite, hostile_values_stay_within_their_field) {
    const Results results{
        .authserv_id = "a.example",
        .methods = {{.method = "spf\r\nX: y",
                     .result = "pass;",
                     .comment = std::string(5000, 'c') + "\r\nX: y",
                     .reason = "a\r\nX-Evil: 1\"; dkim=pass",
                     .properties = {{"smtp", "mailfrom", "\xC3\xBC\x7F@b.example"}}}}};
    const std::string field = write_field(results);
    EXPECT_EQ(field.find("\r\nX"), std::string::npos);
    const auto read = parse_results(std::string_view(field).substr(field.find(':') + 1));
    ASSERT_TRUE(read) << read.error().text;
    ASSERT_EQ(read->methods.size(), 1U);
    EXPECT_EQ(read->methods[0].method, "spfxy");
    EXPECT_EQ(read->methods[0].comment.size(), 500U);
    EXPECT_EQ(read->methods[0].reason, "a??X-Evil: 1\"; dkim=pass");
    EXPECT_EQ(read->methods[0].properties[0].value, "???@b.example");
    const std::string utf8 = write_field(results, {.utf8 = true});
    EXPECT_NE(utf8.find("\xC3\xBC?@b.example"), std::string::npos) << utf8;
}

}  // namespace
}  // namespace bulla::authres

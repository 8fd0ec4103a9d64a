#include "mail/address.h"

#include "mail/build.h"
#include "mail/encoded_word.h"

#include <gtest/gtest.h>

namespace bulla::mail {
namespace {

std::string read(std::string_view value) {
    const auto found = parse_address_list(value);
    if (!found) {
        return std::string(found.error().code);
    }
    std::string out;
    for (const Address& one : *found) {
        out += "[" + one.display_name + "|" + one.mailbox.text() + "]";
    }
    return out;
}

TEST(Address, rfc5322_A_examples_and_hostile_lists) {
    const std::pair<const char*, const char*> cases[] = {
        {"John Doe <jdoe@machine.example>", "[John Doe|jdoe@machine.example]"},
        {"\"Joe Q. Public\" <john.q.public@example.com>",
         "[Joe Q. Public|john.q.public@example.com]"},
        {"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
         "[Mary Smith|mary@x.test][|jdoe@example.org][Who?|one@y.test]"},
        {"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
         "[|boss@nil.test][Giant; \"Big\" Box|sysservices@example.net]"},
        {"A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;",
         "[Ed Jones|joe@where.test][|joe@where.test][John|jdoe@one.test]"},
        {"Undisclosed recipients:;", ""},
        {"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", ""},
        {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
         "[Pete|pete@silly.test]"},
        {"Joe Q. Public <john.q.public@example.com>", "[Joe Q. Public|john.q.public@example.com]"},
        {"Mary Smith <@node.test,@b.test:mary@example.net>, , jdoe@test  . example",
         "[Mary Smith|mary@example.net][|jdoe@test.example]"},
        {"=?utf-8?Q?J=C3=B6rg?= <j@example.com>", "[Jörg|j@example.com]"},
        {"\"a b\"@example.com", "[|\"a b\"@example.com]"},
        {"a@example.com,\r\n b@example.com", "[|a@example.com][|b@example.com]"},
        {"", ""},
        {"a@example.com b@example.com", "address.bad"},
        {"a b@example.com", "address.bad"},
        {"a@example.com>", "address.bad"},
        {"<a@example.com", "address.bad"},
        {"a@b@example.com", "address.bad"},
        {"a..b@example.com", "address.bad"},
        {"alice", "address.bad"},
        {"\"a@example.com", "address.bad"},
        {"(a@example.com", "address.bad"},
        {"a@[192.0.2.1]", "address.bad"},
        {"Group: a@example.com", "address.bad"},
        {"\"evil@example.org\" <a@example.com>", "[evil@example.org|a@example.com]"},
    };
    for (const auto& [value, expected] : cases) {
        EXPECT_EQ(read(value), expected) << value;
    }
    EXPECT_EQ(read(std::string(17, '(') + std::string(17, ')') + "a@example.com"), "address.bad")
        << "comments nested too deeply";
    EXPECT_EQ(parse_address_list("a@b.test,c@d.test", {.max_addresses = 1}).error().code,
              "address.too_many");
}

TEST(Address, rfc5322_3_6_authors) {
    const auto code = [](std::string text) {
        const auto found = authors(Message::parse(std::move(text)).value());
        return found ? std::string_view("ok") : found.error().code;
    };
    EXPECT_EQ(code("From: a@example.com, b@example.com\r\n\r\n"), "ok");
    EXPECT_EQ(code("From: a@example.com\r\nfrom: b@example.com\r\n\r\n"), "address.several_from");
    EXPECT_EQ(code("To: a@example.com\r\n\r\n"), "address.no_from");
    EXPECT_EQ(code("From: nobody:;\r\n\r\n"), "address.no_from");
    EXPECT_EQ(code("From: \r\n\r\n"), "address.no_from");
}

TEST(EncodedWord, rfc2047_8_examples) {
    const std::pair<const char*, const char*> cases[] = {
        {"=?ISO-8859-1?Q?a?=", "a"},
        {"=?ISO-8859-1?Q?a?= b", "a b"},
        {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
        {"=?ISO-8859-1?Q?a?=\r\n     =?ISO-8859-1?Q?b?=", "ab"},
        {"=?ISO-8859-1?Q?a_b?=", "a b"},
        {"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"},
        {"=?iso-8859-1?q?Keld_J=F8rn?=", "Keld Jørn"},
        {"=?utf-8*en?B?w6Q=?=", "ä"},
        {"=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=", "ä"},
        {"=?no-such?Q?a?= b", "=?no-such?Q?a?= b"},
        {"=?utf-8?X?a?=", "=?utf-8?X?a?="},
        {"=?utf-8?Q?a", "=?utf-8?Q?a"},
        {"a =?= b", "a =?= b"},
        {"\xFF", "\xEF\xBF\xBD"},
        {"a\x1B[31m", "a\xEF\xBF\xBD[31m"},
        {"=?utf-8?Q?=1B=0A?=", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (const auto& [value, expected] : cases) {
        EXPECT_EQ(decode_encoded_words(value), expected) << value;
    }
    EXPECT_EQ(decode_encoded_words("äää", {.max_output = 3}), "ä");
    const std::string many = "=?utf-8?Q?a?= =?utf-8?Q?b?=";
    EXPECT_EQ(decode_encoded_words(many, {.max_words = 1}), "a =?utf-8?Q?b?=");
}

TEST(EncodedWord, rfc2047_2_what_is_written_reads_back) {
    for (const std::string& text : {std::string("plain"),
                                    std::string("ä"),
                                    std::string("=?utf-8?Q?a?="),
                                    std::string(300, 'x') + "ß€𝄞"}) {
        const std::string written = encode_words(text);
        EXPECT_EQ(decode_encoded_words(written), text);
        for (std::size_t begin = 0; begin < written.size() && text != std::string("plain");) {
            const std::size_t end = std::min(written.find(' ', begin), written.size());
            EXPECT_LE(end - begin, 75U);
            begin = end + 1;
        }
    }
}

}  // namespace
}  // namespace bulla::mail

#include "dkim/tag_list.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

#include <random>

namespace bulla::dkim {
namespace {

TEST(DkimTagList, rfc6376_3_2_syntax) {
    struct Case {
        const char* text;
        const char* code;  // "" if it is good
    };

    const Case cases[] = {
        {"a=1", ""},
        {" a = 1 ; b = 2 ;\r\n ", ""},
        {"a=", ""},
        {"a=1;b=x y\tz", ""},
        {"a=\xC3\xA4", ""},
        {"", "dkim.bad_tags"},
        {";", "dkim.bad_tags"},
        {"a=1;;b=2", "dkim.bad_tags"},
        {"a=1;a=2", "dkim.bad_tags"},
        {"a", "dkim.bad_tags"},
        {"=1", "dkim.bad_tags"},
        {"1a=1", "dkim.bad_tags"},
        {"a b=1", "dkim.bad_tags"},
        {"a=\x01", "dkim.bad_tags"},
        {"a=\x7F", "dkim.bad_tags"},
    };
    for (const Case& one : cases) {
        const auto list = TagList::parse(one.text);
        EXPECT_EQ(list ? std::string_view() : list.error().code, one.code) << one.text;
    }
    const auto list = TagList::parse(" a = 1 ; Bc_2 =x\r\n y ;").value();
    EXPECT_EQ(list.value("a"), "1");
    EXPECT_EQ(list.value("Bc_2"), "x\r\n y");
    EXPECT_EQ(list.find("bc_2"), nullptr) << "case counts";
    EXPECT_EQ(TagList::parse("a=1;b=2", {.max_octets = 100, .max_tags = 1}).error().code,
              "dkim.too_many_tags");
    EXPECT_EQ(TagList::parse("a=1;b=2", {.max_octets = 6, .max_tags = 2}).error().code,
              "dkim.too_many_tags");
}

TEST(DkimTagList, rfc6376_2_10_base64_with_white_space) {
    std::mt19937 random(4648);
    for (int i = 0; i < 3000; ++i) {
        std::string bytes(random() % 70, '\0');
        for (char& c : bytes) {
            c = static_cast<char>(random());
        }
        std::string text = base64_encode(bytes);
        EXPECT_EQ(decode_base64(text).value(), bytes);
        for (int spaces = 0; spaces < 3; ++spaces) {
            text.insert(random() % (text.size() + 1), random() % 2 == 0 ? "\r\n " : "\t");
        }
        EXPECT_EQ(decode_base64(text).value(), bytes) << text;
        // Any change is judged as the strict decoder of base judges the text without white space.
        text[random() % text.size()] = "=A+-\n"[random() % 5];
        const auto strict = base64_decode(without_space(text));
        const auto own = decode_base64(text);
        ASSERT_EQ(own.has_value(), strict.has_value()) << text;
        EXPECT_TRUE(!own || *own == *strict) << text;
    }
}

TEST(DkimTagList, rfc6376_2_11_quoted_printable) {
    EXPECT_EQ(write_quoted("a b;c=|\r\n\xC3"), "a=20b=3Bc=3D=7C=0D=0A=C3");
    EXPECT_EQ(read_quoted("a=20b=3B\r\n c=3D=7C=0D=0A=C3=4"), "a b;c=|\r\n\xC3=4");
}

}  // namespace
}  // namespace bulla::dkim

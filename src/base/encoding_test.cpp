#include "base/encoding.h"

#include "base/date.h"
#include "base/secret.h"

#include <gtest/gtest.h>

namespace bulla {
namespace {

TEST(Base64, Rfc4648_10_vectors) {
    const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(base64_encode(plain), coded);
        EXPECT_EQ(base64_decode(coded).value(), plain);
    }
}

TEST(Base64, Rfc4648_3_strict) {
    for (const auto* text :
         {"Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm 9", "Zg==Zg=="}) {
        EXPECT_FALSE(base64_decode(text)) << text;
    }
}

TEST(Hex, Round_trip_and_refusal) {
    EXPECT_EQ(hex_encode(std::string("\x00\xff\x10", 3)), "00ff10");
    EXPECT_EQ(hex_decode("00FF10").value(), std::string("\x00\xff\x10", 3));
    EXPECT_FALSE(hex_decode("0"));
    EXPECT_FALSE(hex_decode("0g"));
}

TEST(Crc32c, Rfc3720_B4_vectors) {
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
    EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
}

TEST(Date, Rfc3339_round_trip_and_refusal) {
    EXPECT_EQ(write_rfc3339(parse_rfc3339("2026-11-22T02:57:50Z").value()), "2026-11-22T02:57:50Z");
    EXPECT_EQ(write_rfc3339(parse_rfc3339("1996-12-19T16:39:57.25-08:00").value(), true),
              "1996-12-20T00:39:57.250000Z");
    for (const auto* text : {"2026-02-30T00:00:00Z",
                             "2026-11-22T24:00:00Z",
                             "2026-11-22T00:00:00",
                             "2026-11-22",
                             "2026-11-22T00:00:00+1:00",
                             "x"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

TEST(Date, Rfc5322_3_3_form) {
    EXPECT_EQ(write_rfc5322_date(from_unix(0)), "Thu, 01 Jan 1970 00:00:00 +0000");
}

TEST(Secret, Equal_in_constant_time) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
    EXPECT_FALSE(equal_in_constant_time("", "a"));
    EXPECT_FALSE(equal_in_constant_time("abab", "ab"));
}

}  // namespace
}  // namespace bulla

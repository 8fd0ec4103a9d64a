#include "mail/mime.h"

#include "mail/seven_bit.h"
#include "mail/transfer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

namespace bulla::mail {
namespace {

std::string read_file(const std::string& name) {
    std::ifstream in(std::string(BULLA_SOURCE_DIR) + "/tests/data/mime/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Mime, rfc2046_5_1_parts_lie_where_others_find_them) {
    std::istringstream expected(read_file("parts.txt"));
    std::string file;
    std::size_t header = 0;
    std::size_t body = 0;
    std::size_t end = 0;
    std::string kind;
    std::size_t count = 0;
    while (expected >> file >> header >> body >> end >> kind) {
        const auto message = Message::parse(read_file(file)).value();
        const auto tree = parse_mime(message).value();
        const auto same = [&](const MimePart& part) {
            return part.begin == header && part.body_begin == body && part.end == end;
        };
        EXPECT_TRUE(std::ranges::any_of(tree.parts, same))
            << file << " " << header << " " << body << " " << end << " " << kind;
        ++count;
    }
    EXPECT_GT(count, 30U);
}

std::string nested(std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) {
        const std::string boundary = "b" + std::to_string(i);
        text.append("Content-Type: multipart/mixed; boundary=").append(boundary);
        text.append("\r\n\r\n--").append(boundary).append("\r\n");
    }
    return text + "\r\nx\r\n";
}

TEST(Mime, limits_at_the_limit_and_one_past_it) {
    const auto code = [](const std::string& text, const MimeLimits& limits) {
        const auto tree = parse_mime(Message::parse(text).value(), limits);
        return tree ? std::string_view("ok") : tree.error().code;
    };
    MimeLimits limits;
    limits.max_depth = 3;
    EXPECT_EQ(code(nested(3), limits), "ok");
    EXPECT_EQ(code(nested(4), limits), "mime.too_deep");
    limits = {};
    limits.max_parts = 3;
    const std::string two =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n";
    EXPECT_EQ(code(two + "--b--\r\n", limits), "ok");
    EXPECT_EQ(code(two + "--b\r\n\r\n3\r\n--b--\r\n", limits), "mime.too_many_parts");
}

TEST(Mime, rfc2231_parameters) {
    const auto value = parse_parameterized(
        "Attachment (c); filename*0*=UTF-8''%c3%a4; filename*1=\"b;c\" ; size = 5; x=\"a\\\"b\"; "
        "y*=iso-8859-1'en'%E4; z");
    EXPECT_EQ(value.value, "attachment");
    EXPECT_EQ(value.parameter("filename"), "äb;c");
    EXPECT_EQ(value.parameter("size"), "5");
    EXPECT_EQ(value.parameter("x"), "a\"b");
    EXPECT_EQ(value.parameter("y"), "ä");
    EXPECT_EQ(value.parameter("z"), "");
    EXPECT_EQ(parse_parameterized("a/b; name=plain; name*=utf-8''ext").parameter("name"), "ext");
}

TEST(Transfer, rfc2045_6_random_bytes_read_back) {
    std::seed_seq seed{2045};
    std::mt19937 random(seed);
    for (int i = 0; i < 500; ++i) {
        std::string bytes(random() % 400, '\0');
        for (char& c : bytes) {
            c = random() % 3 == 0 ? " \t=.\xC3z"[random() % 6] : static_cast<char>(random());
        }
        EXPECT_EQ(read_base64_lines(write_base64_lines(bytes)), bytes);
        const std::string quoted = write_quoted_printable(bytes);
        EXPECT_EQ(read_quoted_printable(quoted), bytes);
        for (std::size_t begin = 0; begin < quoted.size();) {
            const std::size_t end = std::min(quoted.find("\r\n", begin), quoted.size());
            ASSERT_LE(end - begin, 76U);
            begin = end + 2;
        }
    }
}

TEST(SevenBit, c2_8_parts_are_converted_and_signed_ones_left) {
    const std::string text =
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
        "boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\npre\xC3\xA4\r\n--b\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nX-Kept: "
        "1\r\n\r\nGr\xC3\xBC\xC3\x9F"
        "e = \r\n--b\r\n"
        "Content-Type: image/png\r\nContent-Transfer-Encoding: "
        "binary\r\n\r\n\x89PNG\r\n--b\r\n\r\nplain stays\r\n--b--\r\n";
    const auto message = Message::parse(text).value();
    EXPECT_TRUE(find_needs(message).eight_bit);
    const SevenBit converted = make_seven_bit(message).value();
    EXPECT_TRUE(converted.complete);
    const auto again = Message::parse(converted.bytes).value();
    const TransportNeeds needs = find_needs(again);
    EXPECT_FALSE(needs.eight_bit || needs.binary || needs.smtputf8);
    EXPECT_EQ(again.count("Content-Transfer-Encoding"), 0U);
    const auto before = parse_mime(message).value();
    const auto after = parse_mime(again).value();
    ASSERT_EQ(after.parts.size(), before.parts.size());
    for (std::size_t i = 1; i < after.parts.size(); ++i) {
        EXPECT_EQ(decoded_body(again, after.parts[i]), decoded_body(message, before.parts[i])) << i;
        EXPECT_EQ(after.parts[i].type, before.parts[i].type);
    }
    EXPECT_EQ(after.parts[1].encoding, "quoted-printable");
    EXPECT_EQ(after.parts[2].encoding, "base64");
    EXPECT_NE(converted.bytes.find("X-Kept: 1\r\n"), std::string::npos);

    std::string signed_text = text;
    signed_text.replace(signed_text.find("multipart/mixed"), 15, "multipart/signed");
    const SevenBit kept = make_seven_bit(Message::parse(signed_text).value()).value();
    EXPECT_FALSE(kept.complete);
    EXPECT_EQ(kept.bytes, signed_text);
}

TEST(SevenBit, rfc6152_messages_without_mime_get_its_fields) {
    const SevenBit converted =
        make_seven_bit(Message::parse("Subject: x\r\n\r\n\xC3\xA4\r\n").value()).value();
    EXPECT_EQ(converted.bytes,
              "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
              "charset=unknown-8bit\r\nContent-Transfer-Encoding: "
              "quoted-printable\r\n\r\n=C3=A4\r\n");
    EXPECT_EQ(make_seven_bit(Message::parse("Subject: x\r\n\r\na\r\n").value())->bytes,
              "Subject: x\r\n\r\na\r\n");
    EXPECT_FALSE(make_seven_bit(Message::parse("Subject: \xC3\xA4\r\n\r\na\r\n").value())->complete)
        << "a header cannot be converted";
    EXPECT_TRUE(
        find_needs(Message::parse("A: b\r\n\r\n" + std::string(999, 'x') + "\r\n").value()).binary);
    EXPECT_FALSE(
        find_needs(Message::parse("A: b\r\n\r\n" + std::string(998, 'x') + "\r\n").value()).binary);
}

}  // namespace
}  // namespace bulla::mail

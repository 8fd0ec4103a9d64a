#include "dkim/canon.h"

#include "base/encoding.h"
#include "dkim/scan.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace bulla::dkim {
namespace {

// The definition of RFC 6376 3.4.4 and 3.4.3, written line by line without any thought of speed.
std::string plain_body(Canon canon, const std::string& body) {
    std::vector<std::string> lines;
    std::string rest = body;
    while (!rest.empty()) {
        const std::size_t end = rest.find("\r\n");
        std::string line = rest.substr(0, end);
        rest.erase(0, end == std::string::npos ? rest.size() : end + 2);
        if (canon == Canon::relaxed) {
            std::string squeezed;
            for (const char c : line) {
                const bool space = c == ' ' || c == '\t';
                if (!(space && squeezed.ends_with(' '))) {
                    squeezed.push_back(space ? ' ' : c);
                }
            }
            if (squeezed.ends_with(' ')) {
                squeezed.pop_back();
            }
            line = squeezed;
        }
        lines.push_back(line);
    }
    while (!lines.empty() && lines.back().empty()) {
        lines.pop_back();
    }
    std::string out;
    for (const std::string& line : lines) {
        out += line + "\r\n";
    }
    return out.empty() && canon == Canon::simple ? "\r\n" : out;
}

std::string canonical_field(Canon canon, std::string_view field) {
    std::string out;
    append_canonical_field(out, canon, field);
    return out;
}

TEST(DkimCanon, rfc6376_3_4_5_examples) {
    const std::string body = " C \r\nD \t E\r\n\r\n\r\n";
    EXPECT_EQ(canonical_field(Canon::relaxed, "A: X\r\n") +
                  canonical_field(Canon::relaxed, "B : Y\t\r\n\tZ  \r\n"),
              "a:X\r\nb:Y Z\r\n");
    EXPECT_EQ(canonical_body(Canon::relaxed, body), " C\r\nD E\r\n");
    EXPECT_EQ(canonical_field(Canon::simple, "A: X\r\n") +
                  canonical_field(Canon::simple, "B : Y\t\r\n\tZ  \r\n"),
              "A: X\r\nB : Y\t\r\n\tZ  \r\n");
    EXPECT_EQ(canonical_body(Canon::simple, body), " C \r\nD \t E\r\n");
}

struct BodyCase {
    const char* name;
    const char* body;
    const char* simple;
    const char* relaxed;
};

TEST(DkimCanon, rfc6376_3_4_3_and_3_4_4_bodies) {
    const BodyCase cases[] = {
        {"empty", "", "\r\n", ""},
        {"one empty line", "\r\n", "\r\n", ""},
        {"empty lines", "\r\n\r\n\r\n", "\r\n", ""},
        {"white space alone", " \t\r\n \r\n", " \t\r\n \r\n", ""},
        {"no line end", "a", "a\r\n", "a\r\n"},
        {"no line end, white space", "a \t", "a \t\r\n", "a\r\n"},
        {"last line of white space without end", "a\r\n  ", "a\r\n  \r\n", "a\r\n"},
        {"white space line inside", "a\r\n \t \r\nb\r\n", "a\r\n \t \r\nb\r\n", "a\r\n\r\nb\r\n"},
        {"tab alone", "a\tb\r\n", "a\tb\r\n", "a b\r\n"},
        {"space and tab", "a \tb\r\n", "a \tb\r\n", "a b\r\n"},
        {"space before a bare CR", "a \rb\r\n", "a \rb\r\n", "a \rb\r\n"},
        {"bare LF is no line end", "a \nb\r\n\n", "a \nb\r\n\n\r\n", "a \nb\r\n\n\r\n"},
        {"CR at the end", "a\r", "a\r\r\n", "a\r\r\n"},
        {"leading white space", " \t a\r\n", " \t a\r\n", " a\r\n"},
    };
    for (const BodyCase& one : cases) {
        EXPECT_EQ(canonical_body(Canon::simple, one.body), one.simple) << one.name;
        EXPECT_EQ(canonical_body(Canon::relaxed, one.body), one.relaxed) << one.name;
    }
}

TEST(DkimCanon, rfc6376_3_4_2_fields) {
    EXPECT_EQ(canonical_field(Canon::relaxed, "SUBJect \t:  A  B\r\n\t C \r\n"),
              "subject:A B C\r\n");
    EXPECT_EQ(canonical_field(Canon::relaxed, "X:\r\n"), "x:\r\n");
    EXPECT_EQ(canonical_field(Canon::relaxed, "X: \r\n \r\n"), "x:\r\n");
    EXPECT_EQ(canonical_field(Canon::relaxed, "X: a"), "x:a\r\n");
    EXPECT_EQ(canonical_field(Canon::relaxed, "X: \x01\xC3\xA4 b\r\n"), "x:\x01\xC3\xA4 b\r\n");
    EXPECT_EQ(canonical_field(Canon::relaxed, ""), ":\r\n");
    EXPECT_EQ(canonical_field(Canon::simple, "X: a"), "X: a\r\n");
}

TEST(DkimCanon, rfc6376_3_4_4_hash_of_empty_bodies) {
    EXPECT_EQ(base64_encode(crypto::view(digest_body(Canon::simple, "").hash)),
              "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
    EXPECT_EQ(base64_encode(crypto::view(digest_body(Canon::relaxed, "").hash)),
              "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

std::string random_body(std::mt19937& random, std::size_t most) {
    // Few kinds of octets, so that every neighbourhood occurs; long plain runs, so that all block sizes do.
    static constexpr std::string_view rare = " \t\r\n \t ab\r\n";
    std::string body;
    const std::size_t size = random() % (most + 1);
    const unsigned density = random() % 40;
    while (body.size() < size) {
        const unsigned kind = random() % 40;
        if (kind < density) {
            body.push_back(rare[random() % rare.size()]);
        } else if (kind == 39) {
            body.append("\r\n");
        } else {
            body.append(random() % 90, 'x');
        }
    }
    return body;
}

TEST(DkimCanon, random_bodies_match_the_plain_definition) {
    std::mt19937 random(6376);
    for (int i = 0; i < 4000; ++i) {
        const std::string body = random_body(random, i % 10 == 0 ? 20000 : 300);
        for (const Canon canon : {Canon::simple, Canon::relaxed}) {
            const std::string plain = plain_body(canon, body);
            ASSERT_EQ(canonical_body(canon, body), plain) << hex_encode(body);
            const BodyDigest digest = digest_body(canon, body);
            ASSERT_EQ(digest.hash, crypto::sha256(plain));
            ASSERT_EQ(digest.length, plain.size());
            const std::size_t limit = random() % (plain.size() + 5);
            const BodyDigest cut = digest_body(canon, body, limit);
            ASSERT_EQ(cut.hash, crypto::sha256(plain.substr(0, limit)));
            ASSERT_EQ(cut.length, plain.size());
        }
    }
}

// The definition of RFC 6376 3.4.2, without any thought of speed.
std::string plain_field(const std::string& field) {
    const std::size_t colon = field.find(':');
    std::string out;
    for (const char c : field.substr(0, field.find_last_not_of(" \t", colon - 1) + 1)) {
        out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    std::string value = field.substr(colon + 1);
    for (std::size_t at = value.find("\r\n"); at != std::string::npos; at = value.find("\r\n")) {
        value.erase(at, 2);
    }
    std::string squeezed;
    for (const char c : value) {
        const bool space = c == ' ' || c == '\t';
        if (!(space && (squeezed.empty() || squeezed.back() == ' '))) {
            squeezed.push_back(space ? ' ' : c);
        }
    }
    while (squeezed.ends_with(' ')) {
        squeezed.pop_back();
    }
    return out + ":" + squeezed + "\r\n";
}

TEST(DkimCanon, rfc6376_3_4_2_random_fields_match_the_plain_definition) {
    std::mt19937 random(342);
    static constexpr std::string_view kinds = "  \t\x01\xC3=abcdefghijklmnopqrstuvwxyz";
    for (int i = 0; i < 20000; ++i) {
        std::string field = i % 2 == 0 ? "X-Name: " : "Y \t:";
        for (std::size_t size = random() % 120; size > 0; --size) {
            const std::size_t kind = random() % (kinds.size() + 1);
            field.append(kind == kinds.size() ? "\r\n " : std::string(1, kinds[kind]));
        }
        field.append("\r\n");
        ASSERT_EQ(canonical_field(Canon::relaxed, field), plain_field(field)) << hex_encode(field);
    }
}

#if defined(__x86_64__)
TEST(DkimScan, c2_7_all_versions_find_the_same) {
    std::mt19937 random(8463);
    for (int i = 0; i < 20000; ++i) {
        const std::string text = random_body(random, 400);
        const char* const begin = text.data() + random() % (text.size() + 1);
        const char* const end = text.data() + text.size();
        const char* const expected = find_special_scalar(begin, end);
        ASSERT_EQ(find_special_sse2(begin, end), expected);
        ASSERT_EQ(find_special(begin, end), expected);
        if (has_avx2()) {
            ASSERT_EQ(find_special_avx2(begin, end), expected);
        }
    }
}
#endif

}  // namespace
}  // namespace bulla::dkim

#include "base/encoding.h"
#include "smtp/parameters.h"
#include "smtp/proxy.h"
#include "smtp/reply.h"
#include "smtp/reply_reader.h"
#include "smtp/scan.h"
#include "smtp/xforward.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace bulla::smtp {
namespace {

std::string written(const Reply& reply) {
    std::string out;
    write_reply(out, reply);
    return out;
}

TEST(Reply, rfc5321_4_2_1_writing) {
    EXPECT_EQ(written({250, "2.0.0", "OK"}), "250 2.0.0 OK\r\n");
    EXPECT_EQ(written({250, "", "a\nb\nc"}), "250-a\r\n250-b\r\n250 c\r\n");
    EXPECT_EQ(written({250, "2.0.0", "a\nb"}), "250-2.0.0 a\r\n250 2.0.0 b\r\n");
    EXPECT_EQ(written({354, "", ""}), "354 \r\n");
    EXPECT_EQ(written({550, "5.7.1", "x\r250 forged"}), "550 5.7.1 x?250 forged\r\n");
}

TEST(Reply, rfc5321_4_5_3_1_5_lines_of_at_most_512_octets) {
    for (const std::string& text : {std::string(2000, 'x'),
                                    std::string(503, 'x') + " yy",
                                    std::string("\xC3\xA9").append(std::string(1500, '\xA9'))}) {
        const std::string out = written({550, "5.7.1", text});
        std::size_t at = 0;
        while (at < out.size()) {
            const std::size_t end = out.find("\r\n", at) + 2;
            EXPECT_LE(end - at, 512U);
            at = end;
        }
        EXPECT_GE(std::ranges::count(out, '\n'), 2);
    }
}

TEST(Reply, rfc3463_2_enhanced_codes) {
    for (const auto* good : {"5.7.1 x", "2.0.0", "4.123.456 y"}) {
        EXPECT_FALSE(find_enhanced_code(good).empty()) << good;
    }
    for (const auto* bad :
         {"", "5", "5.7", "5.7.", "3.7.1", "5.7.1x", "5.1234.1", "5..1", " 5.7.1"}) {
        EXPECT_TRUE(find_enhanced_code(bad).empty()) << bad;
    }
}

TEST(ReplyReader, rfc5321_4_2_1_any_pieces) {
    const std::string input = "250-2.1.0 a\r\n250-2.1.0 b\r\n250 2.1.0 c\r\n354\r\n550 4.1.1 odd\n";
    for (std::size_t piece = 1; piece <= input.size(); ++piece) {
        ReplyReader reader;
        std::vector<Reply> replies;
        for (std::size_t at = 0; at < input.size(); at += piece) {
            reader.receive(std::string_view(input).substr(at, piece));
            for (auto next = reader.next(); next && *next; next = reader.next()) {
                replies.push_back(**next);
            }
        }
        ASSERT_EQ(replies.size(), 3U) << piece;
        EXPECT_EQ(replies[0], (Reply{250, "2.1.0", "a\nb\nc"}));
        EXPECT_EQ(replies[1], (Reply{354, "", ""}));
        EXPECT_EQ(replies[2], (Reply{550, "", "4.1.1 odd"})) << "a code of another class is text";
    }
}

TEST(ReplyReader, c2_14_limits_at_and_one_past) {
    const ReplyLimits limits{.line = 20, .lines = 3, .total = 50};
    const auto read = [&](std::string_view input) {
        ReplyReader reader(limits);
        reader.receive(input);
        const auto reply = reader.next();
        return reply ? (*reply ? "reply" : "more") : std::string(reply.error().code);
    };
    EXPECT_EQ(read("250 12345678901234\r\n"), "reply");
    EXPECT_EQ(read("250 123456789012345\r\n"), "smtp.reply_too_long");
    EXPECT_EQ(read("250 1234567890123456"), "more");
    EXPECT_EQ(read("250 12345678901234567"), "smtp.reply_too_long");
    EXPECT_EQ(read("250-a\r\n250-b\r\n250 c\r\n"), "reply");
    EXPECT_EQ(read("250-a\r\n250-b\r\n250-c\r\n250 d\r\n"), "smtp.reply_too_long");
    EXPECT_EQ(read("250-12345678901234\r\n250-12345678901234\r\n250 1234\r\n"), "reply");
    EXPECT_EQ(read("250-12345678901234\r\n250-12345678901234\r\n250 12345\r\n"),
              "smtp.reply_too_long");
    for (const auto* bad : {"\r\n",
                            "25\r\n",
                            "2x0 a\r\n",
                            "199 a\r\n",
                            "600 a\r\n",
                            "250+a\r\n",
                            "250-a\r\n251 b\r\n",
                            "HTTP/1.1 200\r\n"}) {
        EXPECT_EQ(read(bad), "smtp.reply_bad") << bad;
    }
}

TEST(Scan, finds_the_first_line_break_at_every_offset) {
    for (const char c : {'\r', '\n'}) {
        for (std::size_t size = 0; size < 70; ++size) {
            for (std::size_t at = 0; at < size; ++at) {
                std::string text(size, '\x8D');
                text[at] = c;
                for (std::size_t from = 0; from <= size; ++from) {
                    ASSERT_EQ(find_line_break(text, from), from <= at ? at : size);
                    ASSERT_EQ(find_text_break(text, from), from <= at ? at : size);
                }
            }
        }
    }
}

TEST(Scan, rfc2045_2_8_finds_the_first_nul_at_every_offset) {
    for (std::size_t size = 0; size < 70; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, 'x');
            text[at] = '\0';
            ASSERT_EQ(find_text_break(text, 0), at);
            ASSERT_EQ(find_line_break(text, 0), size);
        }
    }
}

TEST(Xtext, rfc3461_4) {
    EXPECT_EQ(decode_xtext("a+2Bb+3D").value(), "a+b=");
    for (const auto* bad : {"+", "+2", "+2G", "a b", "\x7F"}) {
        EXPECT_FALSE(decode_xtext(bad)) << bad;
        EXPECT_FALSE(is_xtext(bad, 100)) << bad;
    }
    EXPECT_FALSE(is_xtext("", 100));
    EXPECT_FALSE(is_xtext("a=b", 100));
    EXPECT_TRUE(is_xtext("+20", 3));
    EXPECT_FALSE(is_xtext("+20a", 3));
    EXPECT_TRUE(is_xtext("\xC3\xA9", 9, true));
    EXPECT_FALSE(is_xtext("\xC3\xA9", 9));
}

std::string v2(unsigned command, unsigned family, const std::string& rest) {
    std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
    out.push_back(static_cast<char>(command));
    out.push_back(static_cast<char>(family));
    put_u16(out, static_cast<std::uint16_t>(rest.size()));
    return out + rest;
}

const std::string v4_addresses("\xC0\x00\x02\x01\xC0\x00\x02\x02\x10\xE1\x00\x19", 12);

TEST(Proxy, c2_5_both_versions_cut_at_every_octet) {
    const std::string v6_addresses =
        hex_decode("20010db8000000000000000000000005" + std::string(32, '0') + "10e10019").value();

    struct Row {
        std::string header;
        const char* client;
    };

    const Row rows[] = {
        {"PROXY TCP4 192.0.2.1 192.0.2.2 4321 25\r\n", "192.0.2.1"},
        {"PROXY TCP6 2001:db8::5 2001:db8::6 4321 25\r\n", "2001:db8::5"},
        {"PROXY UNKNOWN\r\n", ""},
        {"PROXY UNKNOWN ffff:f...f:ffff 65535\r\n", ""},
        {v2(0x21, 0x11, v4_addresses), "192.0.2.1"},
        {v2(0x21, 0x21, v6_addresses), "2001:db8::5"},
        {v2(0x21, 0x11, v4_addresses + std::string("\x04\x00\x01x", 4)), "192.0.2.1"},
        {v2(0x20, 0x00, ""), ""},
        {v2(0x21, 0x31, std::string(216, 'u')), ""},
    };
    for (const auto& row : rows) {
        for (std::size_t cut = 0; cut < row.header.size(); ++cut) {
            const auto partial = parse_proxy(std::string_view(row.header).substr(0, cut));
            ASSERT_TRUE(partial) << cut;
            EXPECT_FALSE(*partial) << cut;
        }
        const auto whole = parse_proxy(row.header + "EHLO x\r\n");
        ASSERT_TRUE(whole && *whole);
        EXPECT_EQ((*whole)->length, row.header.size());
        EXPECT_EQ((*whole)->client ? (*whole)->client->text() : "", row.client);
        EXPECT_EQ((*whole)->client_port, *row.client != '\0' ? 4321 : 0);
    }
}

TEST(Proxy, c2_5_checksum) {
    std::string header = v2(0x21, 0x11, v4_addresses + std::string("\x03\x00\x04\0\0\0\0", 7));
    std::string sum;
    put_u32(sum, crc32c(header));
    header.replace(header.size() - 4, 4, sum);
    EXPECT_TRUE(parse_proxy(header));
    header[16] = '\x0B';
    EXPECT_FALSE(parse_proxy(header));
}

TEST(Proxy, c2_5_refused) {
    const std::string bad[] = {
        "EHLO x\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 4321\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 4321 70000\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 4321 25\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 4321 25 x\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 4321 25\r\n",
        "PROXY " + std::string(101, 'x'),
        v2(0x31, 0x11, v4_addresses),
        v2(0x22, 0x11, v4_addresses),
        v2(0x21, 0x11, v4_addresses.substr(1)),
        v2(0x21, 0x11, v4_addresses + std::string("\x04\x00\x09x", 4)),
        v2(0x21, 0x11, std::string(2049, 'x')),
    };
    for (const auto& header : bad) {
        EXPECT_FALSE(parse_proxy(header)) << header;
    }
    EXPECT_TRUE(parse_proxy("PROXY " + std::string(100, 'x')))
        << "106 octets: the end may still come";
    EXPECT_TRUE(parse_proxy(v2(0x21, 0x31, std::string(2048, 'x'))));
}

TEST(Xforward, c2_5_attributes) {
    const auto xforward = parse_forwarded(
        "name=a+2Bb ADDR=IPV6:2001:db8::1 PORT=25 PROTO=ESMTPS HELO=[UNAVAILABLE] SOURCE=LOCAL",
        ForwardCommand::xforward);
    ASSERT_TRUE(xforward);
    EXPECT_EQ(xforward->name, "a+b");
    EXPECT_EQ((*xforward->address)->text(), "2001:db8::1");
    EXPECT_EQ(xforward->port, 25);
    EXPECT_EQ(xforward->helo, "");
    EXPECT_TRUE(xforward->with_tls());
    EXPECT_FALSE(xforward->ident);
    for (const auto* bad :
         {"", "NAME", "LOGIN=u", "NAME=", "ADDR=x", "PORT=99999", "NAME=+0A", "=x"}) {
        EXPECT_FALSE(parse_forwarded(bad, ForwardCommand::xforward)) << bad;
    }
    EXPECT_TRUE(parse_forwarded("LOGIN=u DESTADDR=192.0.2.1 DESTPORT=25 REVERSE_NAME=x",
                                ForwardCommand::xclient));
    EXPECT_FALSE(parse_forwarded("IDENT=u", ForwardCommand::xclient));
    EXPECT_TRUE(parse_forwarded("NAME=" + std::string(255, 'n'), ForwardCommand::xclient));
    EXPECT_FALSE(parse_forwarded("NAME=" + std::string(256, 'n'), ForwardCommand::xclient));
}

}  // namespace
}  // namespace bulla::smtp

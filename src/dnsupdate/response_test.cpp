#include "dnsupdate/response.h"

#include "base/encoding.h"
#include "dnsupdate/request.h"
#include "dnsupdate/test_support.h"
#include "dnsupdate/wire.h"

#include <gtest/gtest.h>

namespace bulla::dnsupdate {
namespace {

using testing::make_key;
using testing::Server;

const DomainName zone = DomainName::parse("example.org").value();
const DomainName name = DomainName::parse("s._domainkey.example.org").value();

Request make_request(const TsigKey& key = make_key()) {
    return write_update({.zone = zone,
                         .name = name,
                         .wanted = "v=DKIM1; p=",
                         .ttl = std::chrono::seconds(600)},
                        key,
                        0x1234)
        .value();
}

std::string code_of(const Result<Answer>& answer) {
    return answer ? "" : std::string(answer.error().code);
}

/// An answer that says why it is not signed: RFC 8945 5.3.2.
std::string tsig_error(const Request& request, std::uint16_t error, std::uint16_t code = 9) {
    std::string out = request.octets.substr(0, 2);
    put_u16(out, static_cast<std::uint16_t>(0xA800U | code));
    put_u32(out, 0);
    put_u32(out, 1);
    out += write_name(DomainName::parse("upd.example.org").value());
    put_u16(out, 250);
    put_u16(out, 255);
    put_u32(out, 0);
    std::string data("\013hmac-sha256\0", 13);
    put_u16(data, 0);
    put_u32(data, 0);  // the time
    put_u16(data, 300);
    put_u16(data, 0);  // no MAC
    put_u16(data, 0x1234);
    put_u16(data, error);
    put_u16(data, 0);
    put_u16(out, static_cast<std::uint16_t>(data.size()));
    return out + data;
}

TEST(Request, RFC2136_2_an_update_has_these_octets) {
    const auto request = make_request();
    const std::string hex = hex_encode(request.octets);
    // Header, zone, no TXT, no CNAME, the record, by the sections named; names are compressed.
    const std::string before_tsig =
        "1234"
        "2800"                            // 2.2: opcode 5, all other bits zero
        "0001000200010001"                // one zone, two prerequisites, one change, the TSIG
        "076578616d706c65036f726700"      // 2.3: example.org
        "00060001"                        // SOA, IN
        "01730a5f646f6d61696e6b6579c00c"  // 2.4.3: s._domainkey.example.org
        "001000fe000000000000"            // TXT, NONE, no TTL, no data
        "c01d"
        "000500fe000000000000"  // CNAME
        "c01d"
        "0010000100000258"  // 2.5.1: TXT, IN, 600 s
        "000c0b" +
        hex_encode("v=DKIM1; p=");
    EXPECT_EQ(hex.substr(0, before_tsig.size()), before_tsig);
    const auto tsig = hex.substr(before_tsig.size());
    EXPECT_TRUE(
        tsig.starts_with("03757064c00c"  // RFC 8945 4.2: the key's name, TSIG, ANY, no TTL
                         "00fa00ff00000000"
                         "003d0b686d61632d73686132353600"))
        << tsig;
    EXPECT_EQ(request.mac.size(), 32U);

    // What was there is required, and goes, as it is.
    const auto change = hex_encode(
        write_update(
            {.zone = zone, .name = name, .expected = "a", .wanted = "b", .ttl = {}}, make_key(), 1)
            .value()
            .octets);
    EXPECT_TRUE(
        change.contains("001000010000000000020161"  // 2.4.2
                        "c01d"
                        "001000fe0000000000020161"  // 2.5.4
                        "c01d"
                        "001000010000000000020162"))
        << change;
}

TEST(Answer, RFC8945_5_3_one_changed_octet_makes_it_worthless) {
    for (const char* algorithm : {"hmac-sha256", "hmac-sha512"}) {
        const auto key = make_key(algorithm);
        const auto request = make_request(key);
        Server server(algorithm);
        const std::string good = server.answer(request.octets);
        ASSERT_EQ(code_of(read_answer(good, request, key)), "");
        for (std::size_t i = 0; i < good.size(); ++i) {
            for (const unsigned bit : {1U, 0x80U}) {
                std::string bad = good;
                bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ bit);
                EXPECT_FALSE(read_answer(bad, request, key)) << i;
            }
        }
        for (std::size_t i = 0; i < good.size(); ++i) {
            EXPECT_EQ(code_of(read_answer(std::string_view(good).substr(0, i), request, key)),
                      "dnsupdate.bad_answer")
                << i;
        }
        EXPECT_EQ(code_of(read_answer(good + "x", request, key)), "dnsupdate.bad_answer");
        // The answer to another request with the same ID.
        EXPECT_EQ(
            code_of(read_answer(
                good,
                write_update({.zone = zone, .name = name, .wanted = "x", .ttl = {}}, key, 0x1234)
                    .value(),
                key)),
            "dnsupdate.unverified");
    }
}

TEST(Answer, RFC8945_5_2_the_errors_of_the_key_and_of_the_clock_are_told) {
    const auto request = make_request();
    EXPECT_EQ(code_of(read_answer(tsig_error(request, 16), request, make_key())),
              "dnsupdate.key_refused");
    EXPECT_EQ(code_of(read_answer(tsig_error(request, 17), request, make_key())),
              "dnsupdate.key_refused");
    EXPECT_EQ(code_of(read_answer(tsig_error(request, 18), request, make_key())),
              "dnsupdate.refused");
    // Without a MAC nothing else is believed.
    EXPECT_EQ(code_of(read_answer(tsig_error(request, 0, 0), request, make_key())),
              "dnsupdate.unverified");
    // A good answer to a request that was signed at another time.
    Server server;
    auto old = request;
    const std::string answer = server.answer(request.octets);
    old.time -= 290;
    EXPECT_EQ(code_of(read_answer(answer, old, make_key())), "");
    old.time -= 20;
    EXPECT_EQ(code_of(read_answer(answer, old, make_key())), "dnsupdate.clock");
    old.time += 700;
    EXPECT_EQ(code_of(read_answer(answer, old, make_key())), "dnsupdate.clock");
}

TEST(Wire, RFC1035_4_1_4_a_name_that_points_forwards_or_to_itself_is_refused) {
    const auto read = [](std::string_view octets) { return WireReader(octets).name(); };
    EXPECT_EQ(read(std::string_view("\1A\0", 3)).value(), std::string("\1a\0", 3));
    for (const std::string_view bad : {std::string_view("\xC0\0", 2),
                                       std::string_view("\xC0\2\0", 3),
                                       std::string_view("\xC0", 1),
                                       std::string_view("\x40\0", 2),
                                       std::string_view("\5abc", 4),
                                       std::string_view("\1a", 2),
                                       std::string_view()}) {
        EXPECT_FALSE(read(bad)) << hex_encode(bad);
    }
    std::string long_name;
    for (int i = 0; i < 128; ++i) {
        long_name += std::string("\1a", 2);
    }
    EXPECT_FALSE(read(long_name + std::string(1, '\0')));
    EXPECT_TRUE(read(long_name.substr(2) + std::string(1, '\0')));
}

}  // namespace
}  // namespace bulla::dnsupdate

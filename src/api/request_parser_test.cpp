#include "api/request_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bulla::api {
namespace {

constexpr std::uint64_t body_limit = 1000;

struct Parsed {
    std::string error;
    std::vector<std::string> requests;  // "METHOD target|body"
};

// All requests of `bytes`, fed in pieces.
Parsed parse(std::string_view bytes, std::size_t piece, const RequestLimits& limits = {}) {
    Parsed out;
    RequestParser parser(limits);
    const auto step = [&](Result<void> result) {
        for (;;) {
            if (!result) {
                out.error = result.error().code;
                return false;
            }
            if (parser.is_done()) {
                const RequestHead& head = parser.head();
                out.requests.push_back(std::string(name_of(head.method)) + " " + head.target + "|" +
                                       parser.take_body());
                result = parser.next();
            } else if (parser.has_head() && parser.body_bytes() == 0) {
                result = parser.accept_body(body_limit);
                if (result && !parser.is_done()) {
                    return true;
                }
            } else {
                return true;
            }
        }
    };
    bool accepted = true;
    for (std::size_t at = 0; at < bytes.size() && accepted; at += piece) {
        // A body that is under way is not accepted anew.
        accepted = step(parser.feed(bytes.substr(at, piece)));
    }
    return out;
}

struct Row {
    std::string_view name;
    std::string bytes;
    std::string error;  // empty: is read
};

const std::string host = "Host: localhost\r\n";

std::vector<Row> smuggling_rows() {  // NOLINT(readability-function-size): a table
    const auto get = [](const std::string& fields) {
        return "GET / HTTP/1.1\r\n" + host + fields + "\r\n";
    };
    const auto post = [](const std::string& fields, const std::string& body) {
        return "POST / HTTP/1.1\r\n" + host + fields + "\r\n" + body;
    };
    const std::string bad = "http.bad_request";
    return {
        {"plain", get(""), ""},
        {"empty lines first", "\r\n\r\n" + get(""), ""},
        {"many empty lines", "\r\n\r\n\r\n\r\n\r\n" + get(""), bad},
        {"bare LF after request line", "GET / HTTP/1.1\n" + host + "\r\n", bad},
        {"bare LF after a field", "GET / HTTP/1.1\r\nHost: x\n\r\n", bad},
        {"bare LF at the end", "GET / HTTP/1.1\r\n" + host + "\n", bad},
        {"bare CR in a field", get("A: b\rc\r\n"), bad},
        {"NUL in a field", get(std::string("A: b\0c\r\n", 8)), bad},
        {"obs-fold", get("A: b\r\n c\r\n"), bad},
        {"obs-fold with tab", get("A: b\r\n\tc\r\n"), bad},
        {"fold as the first field", "GET / HTTP/1.1\r\n A: b\r\n" + host + "\r\n", bad},
        {"space before the colon", get("A : b\r\n"), bad},
        {"no colon", get("A\r\n"), bad},
        {"empty name", get(": b\r\n"), bad},
        {"bad character in a name", get("A(b: c\r\n"), bad},
        {"length", post("Content-Length: 3\r\n", "abc"), ""},
        {"length 0", post("Content-Length: 0\r\n", ""), ""},
        {"length twice, the same", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), bad},
        {"length twice", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), bad},
        {"length as a list", post("Content-Length: 3, 3\r\n", "abc"), bad},
        {"length with a sign", post("Content-Length: +3\r\n", "abc"), bad},
        {"negative length", post("Content-Length: -3\r\n", "abc"), bad},
        {"length in hexadecimal", post("Content-Length: 0x3\r\n", "abc"), bad},
        {"length with a space", post("Content-Length: 1 0\r\n", "abc"), bad},
        {"no length", post("Content-Length: \r\n", ""), bad},
        {"length beyond 64 bits", post("Content-Length: 18446744073709551617\r\n", ""), bad},
        {"length beyond 15 digits", post("Content-Length: 1000000000000000\r\n", ""), bad},
        {"chunks", post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), ""},
        {"chunks in capitals", post("Transfer-Encoding: CHUNKED\r\n", "3\r\nabc\r\n0\r\n\r\n"), ""},
        {"length and chunks",
         post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
         bad},
        {"chunks and length",
         post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
         bad},
        {"chunks twice",
         post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
         bad},
        {"coding before chunks",
         post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
         "http.unknown_coding"},
        {"coding after chunks",
         post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
         "http.unknown_coding"},
        {"identity", post("Transfer-Encoding: identity\r\n", "abc"), "http.unknown_coding"},
        {"obfuscated coding",
         post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
         "http.unknown_coding"},
        {"coding in vertical tab",
         post("Transfer-Encoding: \x0b"
              "chunked\r\n",
              "0\r\n\r\n"),
         bad},
        {"chunks in HTTP/1.0",
         "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         bad},
        {"chunk size without digits",
         post("Transfer-Encoding: chunked\r\n", "\r\nabc\r\n0\r\n\r\n"),
         bad},
        {"chunk size with a sign",
         post("Transfer-Encoding: chunked\r\n", "+3\r\nabc\r\n0\r\n\r\n"),
         bad},
        {"chunk size with 0x",
         post("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n"),
         bad},
        {"chunk size beyond 64 bits",
         post("Transfer-Encoding: chunked\r\n", "10000000000000003\r\nabc\r\n0\r\n\r\n"),
         bad},
        {"chunk longer than it says",
         post("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"),
         bad},
        {"chunk ended by LF", post("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"), bad},
        {"chunk extension",
         post("Transfer-Encoding: chunked\r\n", "3;a=b\r\nabc\r\n0\r\n\r\n"),
         ""},
        {"bad chunk extension",
         post("Transfer-Encoding: chunked\r\n", "3;=\r\nabc\r\n0\r\n\r\n"),
         bad},
        {"trailers", post("Transfer-Encoding: chunked\r\n", "0\r\nA: b\r\n\r\n"), ""},
        {"a length as a trailer",
         post("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 3\r\n\r\n"),
         bad},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", "http.bad_host"},
        {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", ""},
        {"two Hosts", get("Host: other\r\n"), "http.bad_host"},
        {"absolute target", "GET http://localhost/a HTTP/1.1\r\n" + host + "\r\n", ""},
        {"authority target", "CONNECT localhost:1 HTTP/1.1\r\n" + host + "\r\n", bad},
        {"asterisk", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", ""},
        {"asterisk with GET", "GET * HTTP/1.1\r\n" + host + "\r\n", bad},
        {"relative target", "GET a HTTP/1.1\r\n" + host + "\r\n", bad},
        {"space in the target", "GET /a b HTTP/1.1\r\n" + host + "\r\n", "http.bad_version"},
        {"two spaces", "GET  / HTTP/1.1\r\n" + host + "\r\n", bad},
        {"leading space", " GET / HTTP/1.1\r\n" + host + "\r\n", bad},
        {"lower-case version", "GET / http/1.1\r\n" + host + "\r\n", "http.bad_version"},
        {"HTTP/0.9", "GET /\r\n\r\n", bad},
        {"HTTP/1.2", "GET / HTTP/1.2\r\n" + host + "\r\n", "http.bad_version"},
        {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http.bad_version"},
        {"TLS on the plain port", std::string("\x16\x03\x01\x02\x00\x01", 6), bad},
        {"unknown expectation", get("Expect: coffee\r\n"), "http.unknown_expectation"},
        {"method in lower case", "get / HTTP/1.1\r\n" + host + "\r\n", ""},
    };
}

TEST(RequestParser, rfc9112_11_2_what_two_servers_might_read_differently_is_refused) {
    for (const Row& row : smuggling_rows()) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
            const Parsed parsed = parse(row.bytes, piece);
            EXPECT_EQ(parsed.error, row.error) << row.name << " by " << piece;
            EXPECT_EQ(parsed.requests.size(), row.error.empty() ? 1U : 0U)
                << row.name << " by " << piece;
        }
    }
}

TEST(RequestParser, rfc9112_9_3_2_pipelined_requests_are_read_one_by_one_however_they_are_cut) {
    const std::string bytes = "POST /a HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nGET /" +
                              "GET /b HTTP/1.1\r\n" + host + "\r\n" + "PUT /c HTTP/1.1\r\n" + host +
                              "Transfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n1\r\nz\r\n0\r\n\r\n" +
                              "GET /d HTTP/1.1\r\n" + host + "\r\n";
    const std::vector<std::string> wanted = {"POST /a|GET /", "GET /b|", "PUT /c|xyz", "GET /d|"};
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        const Parsed parsed = parse(bytes, piece);
        EXPECT_EQ(parsed.requests, wanted) << piece << parsed.error;
    }
}

TEST(RequestParser, c3_12_a_head_may_be_as_large_as_its_limit_and_no_octet_more) {
    const RequestLimits limits{.head_bytes = 200, .target_bytes = 50, .fields = 4};
    const auto sized = [](std::size_t size) {
        std::string head = "GET / HTTP/1.1\r\n" + host + "A: \r\n\r\n";
        head.insert(head.size() - 4, std::string(size - head.size(), 'x'));
        return head;
    };
    EXPECT_EQ(parse(sized(200), 1000, limits).error, "");
    EXPECT_EQ(parse(sized(201), 1000, limits).error, "http.head_too_large");
    EXPECT_EQ(parse(sized(201), 1, limits).error, "http.head_too_large");
    // Without an end in sight, too.
    EXPECT_EQ(parse(sized(300).substr(0, 201), 1, limits).error, "http.head_too_large");
}

TEST(RequestParser, c3_12_a_target_may_be_as_long_as_its_limit_and_no_octet_more) {
    const RequestLimits limits{.head_bytes = 400, .target_bytes = 50, .fields = 4};
    const auto sized = [](std::size_t size) {
        return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\n" + host + "\r\n";
    };
    EXPECT_EQ(parse(sized(50), 1, limits).error, "");
    EXPECT_EQ(parse(sized(51), 1, limits).error, "http.target_too_long");
    EXPECT_EQ(parse("GET /" + std::string(100, 'a'), 1, limits).error, "http.target_too_long");
}

TEST(RequestParser, c3_12_there_may_be_as_many_fields_as_the_limit_and_none_more) {
    const RequestLimits limits{.fields = 4};
    const std::string head = "GET / HTTP/1.1\r\n" + host;
    EXPECT_EQ(parse(head + "A: 1\r\nB: 2\r\nC: 3\r\n\r\n", 9, limits).error, "");
    EXPECT_EQ(parse(head + "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", 9, limits).error,
              "http.head_too_large");
}

TEST(RequestParser, c3_12_a_body_may_be_as_large_as_its_limit_and_no_octet_more) {
    const auto with_length = [](std::size_t size) {
        return "POST / HTTP/1.1\r\n" + host + "Content-Length: " + std::to_string(size) +
               "\r\n\r\n" + std::string(size, 'x');
    };
    const auto with_chunks = [](std::size_t size) {
        std::string out = "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n";
        for (std::size_t i = 0; i < size; ++i) {
            out += "1\r\nx\r\n";
        }
        return out + "0\r\n\r\n";
    };
    for (const std::size_t piece : {std::size_t{11}, std::size_t{100000}}) {
        EXPECT_EQ(parse(with_length(body_limit), piece).error, "");
        EXPECT_EQ(parse(with_length(body_limit + 1), piece).error, "http.body_too_large");
        EXPECT_EQ(parse(with_chunks(body_limit), piece).error, "");
        EXPECT_EQ(parse(with_chunks(body_limit + 1), piece).error, "http.body_too_large");
    }
}

TEST(RequestParser, c3_12_chunk_extensions_and_trailers_have_an_end) {
    const std::string head = "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(parse(head + "1;a=" + std::string(20000, 'x'), 1000).error, "http.bad_request");
    EXPECT_EQ(parse(head + "0\r\nA: " + std::string(20000, 'x'), 1000).error, "http.bad_request");
}

TEST(RequestParser, rfc9110_6_5_1_trailers_do_not_become_fields) {
    RequestParser parser;
    ASSERT_TRUE(parser.feed("POST / HTTP/1.1\r\n" + host +
                            "Transfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: x\r\n\r\n"));
    ASSERT_TRUE(parser.accept_body(10));
    ASSERT_TRUE(parser.is_done());
    EXPECT_EQ(parser.head().find("authorization"), nullptr);
}

TEST(RequestParser, rfc9112_3_2_2_the_authority_of_an_absolute_target_counts_before_host) {
    RequestParser parser;
    ASSERT_TRUE(parser.feed("GET HTTP://other.example:80/a?b=c HTTP/1.1\r\n" + host + "\r\n"));
    EXPECT_EQ(parser.head().host, "other.example:80");
    EXPECT_EQ(parser.head().target, "/a?b=c");
    RequestParser bare;
    ASSERT_TRUE(bare.feed("GET http://other.example HTTP/1.1\r\n" + host + "\r\n"));
    EXPECT_EQ(bare.head().target, "/");
}

TEST(RequestParser, rfc9112_9_3_persistence_is_the_default_of_http_1_1_alone) {
    const auto keeps = [](const std::string& version, const std::string& fields) {
        RequestParser parser;
        EXPECT_TRUE(parser.feed("GET / HTTP/" + version + "\r\n" + host + fields + "\r\n"));
        return parser.head().keep_alive;
    };
    EXPECT_TRUE(keeps("1.1", ""));
    EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
    EXPECT_FALSE(keeps("1.0", ""));
    EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST(RequestParser, c3_13_damaged_requests_are_read_the_same_however_they_are_cut) {
    const std::string seed =
        "POST /a?b=c HTTP/1.1\r\n" + host +
        "Transfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\nA: b\r\n\r\n" +
        "PUT /d HTTP/1.1\r\n" + host + "Content-Length: 4\r\n\r\nGET GET /e HTTP/1.0\r\n\r\n";
    constexpr std::string_view octets = "\r\n\t :;,=0aA\x7f\xff";
    std::uint32_t state = 1;
    const auto next = [&state](std::size_t below) {
        state = state * 1664525U + 1013904223U;
        return (state >> 8U) % below;
    };
    for (int i = 0; i < 3000; ++i) {
        std::string bytes = seed;
        for (std::size_t change = 0; change < 1 + next(3); ++change) {
            bytes[next(bytes.size())] = octets[next(octets.size())];
        }
        const Parsed whole = parse(bytes, bytes.size());
        const Parsed cut = parse(bytes, 1 + next(9));
        EXPECT_EQ(whole.requests, cut.requests) << bytes;
        EXPECT_EQ(whole.error.empty(), cut.error.empty()) << bytes << whole.error << cut.error;
    }
}

}  // namespace
}  // namespace bulla::api

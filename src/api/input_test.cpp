#include "api/credentials.h"
#include "api/json_body.h"
#include "api/target.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bulla::api {
namespace {

using nlohmann::json;

std::string joined(const Target& target) {
    std::string out = target.path();
    for (const auto& [name, value] : target.query) {
        out += "|" + name + "=" + value;
    }
    return out;
}

TEST(Target, rfc3986_good_addresses_are_decoded_once) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"/", "/"},
        {"/a", "/a"},
        {"/a/", "/a/"},
        {"//a", "//a"},
        {"/a%20b", "/a b"},
        {"/a+b", "/a+b"},
        {"/%c3%a4", "/\xc3\xa4"},
        {"/%2541", "/%41"},
        {"/a@b.c", "/a@b.c"},
        {"/...", "/..."},
        {"/a?", "/a"},
        {"/a?b=c", "/a|b=c"},
        {"/a?b=", "/a|b="},
        {"/a?b=c+d%2B", "/a|b=c d+"},
        {"/a?b=c&d=e=f", "/a|b=c|d=e=f"},
        {"/a?b=c&", "/a|b=c"},
        {"/a?b=/../x", "/a|b=/../x"},
    };
    for (const auto& [text, wanted] : rows) {
        const auto target = parse_target(text);
        ASSERT_TRUE(target) << text;
        EXPECT_EQ(joined(*target), wanted) << text;
    }
}

TEST(Target, c3_12_traversal_and_bad_encodings_are_refused) {
    const std::vector<std::string> rows = {
        "",
        "a",
        "?a=b",
        "/..",
        "/.",
        "/a/../b",
        "/a/./b",
        "/%2e%2e/etc/passwd",
        "/%2E./x",
        "/..%2fetc",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets/..%5c..%5cetc",
        "/a\\b",
        "/a%5cb",
        "/a%2fb",
        "/a%00",
        "/a%0d%0aSet-Cookie:x",
        "/a%7f",
        "/a%",
        "/a%4",
        "/a%zz",
        "/a%c0%af",
        "/a%c0%ae%c0%ae/",
        "/a%ff",
        "/a%ed%a0%80",
        "/a%f4%90%80%80",
        "/a%e0%80%80",
        "/a#b",
        "/a?b",
        "/a?=b",
        "/a?b=c&&d=e",
        "/a?b=%",
        "/a?b=%00",
        "/a?b=%ff",
    };
    for (const std::string& text : rows) {
        const auto target = parse_target(text);
        ASSERT_FALSE(target) << text;
        EXPECT_EQ(target.error().code, "http.bad_target");
    }
}

TEST(Target, c3_12_segments_and_parameters_are_counted) {
    std::string path;
    for (int i = 0; i < 32; ++i) {
        path += "/a";
    }
    EXPECT_TRUE(parse_target(path));
    EXPECT_FALSE(parse_target(path + "/a"));
    std::string query = "/?a=b";
    for (int i = 1; i < 64; ++i) {
        query += "&a=b";
    }
    EXPECT_TRUE(parse_target(query));
    EXPECT_FALSE(parse_target(query + "&a=b"));
}

std::string nested(std::size_t depth) {
    std::string out = "{\"a\":";
    out += std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    return out;
}

TEST(JsonBody, rfc8259_an_object_is_read) {
    const auto value = parse_json_body(
        R"({"a": 1, "b": [true, null, -2, 1.5, "\u00e4\ud83d\ude00"], "c": {"a": {}}, "": ""})");
    ASSERT_TRUE(value) << value.error().text;
    EXPECT_EQ(*value,
              json({{"a", 1},
                    {"b", {true, nullptr, -2, 1.5, "\xc3\xa4\xf0\x9f\x98\x80"}},
                    {"c", {{"a", json::object()}}},
                    {"", ""}}));
    EXPECT_EQ(*parse_json_body(""), json::object());
    EXPECT_TRUE(parse_json_body(nested(16)));
}

TEST(JsonBody, c3_12_what_two_readers_might_take_differently_is_refused) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"[]", "one JSON object"},
        {"1", "one JSON object"},
        {"null", "one JSON object"},
        {" ", "no JSON"},
        {"{", "no JSON"},
        {"{}}", "no JSON"},
        {"{} {}", "no JSON"},
        {R"({"a":1,})", "no JSON"},
        {R"({"a":01})", "no JSON"},
        {R"({"a":NaN})", "no JSON"},
        {R"({'a':1})", "no JSON"},
        {R"({"a":1}//)", "no JSON"},
        {R"({"a":"\ud800"})", "no JSON"},
        {"{\"a\":\"\n\"}", "no JSON"},
        {"{\"a\":\"\xff\"}", "UTF-8"},
        {"{\"a\":\"\xc0\xaf\"}", "UTF-8"},
        {"\xef\xbb\xbf{}", "byte order mark"},
        {R"({"a":1,"a":2})", "\"a\" twice"},
        {R"({"b":[{"a":1,"\u0061":2}]})", "\"a\" twice"},
        {R"({"a":9223372036854775808})", "too large"},
        {R"({"a":1e999})", ""},
        {nested(17), "16 levels"},
        {nested(10000), "16 levels"},
    };
    for (const auto& [text, why] : rows) {
        const auto value = parse_json_body(text);
        ASSERT_FALSE(value) << text.substr(0, 50);
        EXPECT_EQ(value.error().code, "http.bad_json");
        EXPECT_NE(value.error().text.find(why), std::string::npos) << value.error().text;
    }
}

TEST(JsonBody, c3_12_values_are_counted) {
    const auto with = [](int count) {
        std::string out = "{\"a\":[0";
        for (int i = 1; i < count; ++i) {
            out += ",0";
        }
        return out + "]}";
    };
    EXPECT_TRUE(parse_json_body(with(9998)));
    EXPECT_FALSE(parse_json_body(with(9999)));
}

RequestHead head_with(std::vector<Field> fields) {
    RequestHead head;
    head.host = "mail.example.org:8090";
    head.fields = std::move(fields);
    return head;
}

TEST(Credentials, c3_2_the_session_is_the_cookie_of_this_kind_of_connection) {
    const auto secret = [](const std::string& cookie, bool tls) {
        return find_credentials(head_with({{"cookie", cookie}}), tls).secret;
    };
    EXPECT_EQ(secret("bulla=abc", false), "abc");
    EXPECT_EQ(secret("a=b; bulla=abc; c=d", false), "abc");
    EXPECT_EQ(secret("bulla=abc", true), "");
    EXPECT_EQ(secret("__Host-bulla=abc", true), "abc");
    EXPECT_EQ(secret("__Host-bulla=abc", false), "");
    EXPECT_EQ(secret("bulla=abc; bulla=def", false), "");
    EXPECT_EQ(secret("bulla=a b", false), "");
    EXPECT_EQ(secret("bulla=" + std::string(128, 'a'), false).size(), 128U);
    EXPECT_EQ(secret("bulla=" + std::string(129, 'a'), false), "");
    EXPECT_EQ(secret("xbulla=abc", false), "");
}

TEST(Credentials, c3_1_a_token_counts_before_the_cookie) {
    const auto found = find_credentials(
        head_with({{"cookie", "bulla=abc"}, {"authorization", "bearer bulla_x1"}}), false);
    EXPECT_TRUE(found.is_token);
    EXPECT_EQ(found.secret, "bulla_x1");
    const auto basic = find_credentials(
        head_with({{"cookie", "bulla=abc"}, {"authorization", "Basic YTpi"}}), false);
    EXPECT_EQ(basic.secret, "");
}

TEST(Credentials, c3_2_the_cookie_is_out_of_reach_of_scripts_and_other_sites) {
    EXPECT_EQ(write_cookie("abc", true),
              "__Host-bulla=abc; Path=/; HttpOnly; SameSite=Strict; Secure");
    EXPECT_EQ(write_cookie("abc", false), "bulla=abc; Path=/; HttpOnly; SameSite=Strict");
    EXPECT_NE(write_cookie("", false).find("Max-Age=0"), std::string::npos);
}

TEST(Credentials, c3_12_a_change_must_come_from_our_own_page) {
    struct Row {
        std::string_view name;
        std::vector<Field> fields;
        bool session;
        bool good;
    };

    const std::string csrf = csrf_of("abc");
    const std::vector<Row> rows = {
        {"no log-in", {}, false, true},
        {"session without word", {}, true, false},
        {"session", {{"x-bulla-csrf", csrf}}, true, true},
        {"word of another session", {{"x-bulla-csrf", csrf_of("abd")}}, true, false},
        {"longer word", {{"x-bulla-csrf", csrf + "0"}}, true, false},
        {"no word", {{"x-bulla-csrf", ""}}, true, false},
        {"own origin",
         {{"x-bulla-csrf", csrf}, {"origin", "http://mail.example.org:8090"}},
         true,
         true},
        {"other scheme",
         {{"x-bulla-csrf", csrf}, {"origin", "https://mail.example.org:8090"}},
         true,
         false},
        {"other port",
         {{"x-bulla-csrf", csrf}, {"origin", "http://mail.example.org:8091"}},
         true,
         false},
        {"other origin", {{"x-bulla-csrf", csrf}, {"origin", "http://evil.example"}}, true, false},
        {"null origin", {{"x-bulla-csrf", csrf}, {"origin", "null"}}, true, false},
        {"other site", {{"x-bulla-csrf", csrf}, {"sec-fetch-site", "cross-site"}}, true, false},
        {"same site", {{"x-bulla-csrf", csrf}, {"sec-fetch-site", "same-site"}}, true, false},
        {"same origin", {{"x-bulla-csrf", csrf}, {"sec-fetch-site", "same-origin"}}, true, true},
        {"by hand", {{"x-bulla-csrf", csrf}, {"sec-fetch-site", "none"}}, true, true},
        {"log-in from another site", {{"sec-fetch-site", "cross-site"}}, false, false},
        {"log-in from another origin", {{"origin", "http://evil.example"}}, false, false},
    };
    for (const Row& row : rows) {
        const Credentials who{.secret = row.session ? "abc" : ""};
        EXPECT_EQ(check_same_site(head_with(row.fields), who, false).has_value(), row.good)
            << row.name;
    }
    const Credentials token{.secret = "abc", .is_token = true};
    EXPECT_TRUE(check_same_site(head_with({{"origin", "http://other.example"}}), token, false));
}

TEST(Credentials, c3_12_names_that_are_not_ours_are_told_from_ours) {
    const std::vector<std::string> names = {"mail.example.org"};
    for (const auto* const good : {"mail.example.org",
                                   "MAIL.example.org:8090",
                                   "localhost",
                                   "localhost:1",
                                   "127.0.0.1",
                                   "192.0.2.1:80",
                                   "[::1]",
                                   "[2001:db8::1]:8090"}) {
        EXPECT_TRUE(is_own_host(good, names)) << good;
    }
    for (const auto* const bad : {"",
                                  "evil.example",
                                  "mail.example.org.",
                                  "mail.example.org.evil.example",
                                  "127.0.0.1.evil.example",
                                  "localhost.evil.example",
                                  "[::1",
                                  "mail.example.org@evil.example"}) {
        EXPECT_FALSE(is_own_host(bad, names)) << bad;
    }
}

}  // namespace
}  // namespace bulla::api

#include "api/testing.h"

#include <gtest/gtest.h>

namespace bulla::api {
namespace {

TEST(HttpConnection, c3_12_log_in_makes_a_new_session_and_ends_the_one_before) {
    TestServer test;
    test.value = {{"session", "admin"}};
    const std::string body = R"({"user": "admin", "password": "secret"})";
    // Whoever planted a session in this browser gains nothing by it.
    const std::string answer =
        talk(test.context(),
             request("POST /api/v1/session",
                     "Cookie: bulla=user\r\nUser-Agent: Test\r\n" + with_body(body)) +
                 body);
    EXPECT_EQ(status_in(answer), 201);
    EXPECT_EQ(field_in(answer, "Set-Cookie"), "bulla=admin; Path=/; HttpOnly; SameSite=Strict");
    EXPECT_EQ(nlohmann::json::parse(body_in(answer)).at("csrf"), csrf_of("admin"));
    EXPECT_EQ(
        test.calls,
        (std::vector<std::string>{
            R"(auth.login {"address":"127.0.0.1","password":"secret","user":"admin","user_agent":"Test"})",
            R"(auth.logout {"session":"user"})"}));
    const std::string forged = R"({"user": "a", "password": "b", "address": "192.0.2.1"})";
    EXPECT_EQ(status_in(talk(test.context(),
                             request("POST /api/v1/session", with_body(forged)) + forged)),
              400);
}

TEST(HttpConnection, c3_2_log_out_takes_the_cookie_away) {
    TestServer test;
    const std::string answer =
        talk(test.context(), request("DELETE /api/v1/session", as_role("user")));
    EXPECT_EQ(status_in(answer), 204);
    EXPECT_NE(field_in(answer, "Set-Cookie").find("Max-Age=0"), std::string::npos);
    EXPECT_EQ(test.calls, std::vector<std::string>{R"(auth.logout {"session":"user"})"});
}

TEST(HttpConnection, c3_12_a_change_without_the_sessions_word_is_refused) {
    TestServer test;
    const std::string answer =
        talk(test.context(), request("POST /api/v1/reload", "Cookie: bulla=admin\r\n"));
    EXPECT_EQ(status_in(answer), 403);
    EXPECT_EQ(code_in(answer), "http.csrf");
    EXPECT_EQ(test.metrics.value(HttpMetric::csrf), 1U);
    EXPECT_EQ(status_in(talk(test.context(),
                             request("POST /api/v1/reload", "Authorization: Bearer admin\r\n"))),
              200);
    EXPECT_EQ(test.calls.size(), 1U);
}

TEST(HttpConnection, c3_12_a_host_name_that_is_not_ours_is_refused) {
    TestServer test;
    const std::string answer =
        talk(test.context(), "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    EXPECT_EQ(status_in(answer), 421);
    EXPECT_EQ(test.metrics.value(HttpMetric::wrong_host), 1U);
    EXPECT_EQ(status_in(talk(test.context(),
                             "GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n")),
              421);
}

}  // namespace
}  // namespace bulla::api

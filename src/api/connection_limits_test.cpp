#include "api/testing.h"

#include <gtest/gtest.h>

#include <semaphore>

namespace bulla::api {
namespace {

using namespace std::chrono_literals;

TEST(HttpConnection, rfc9110_10_1_1_a_body_is_asked_for_once_it_is_wanted) {
    TestServer test;
    const std::string body = R"({"name": "a.test"})";
    const std::string fields = as_role("admin") + with_body(body) + "Expect: 100-continue\r\n";
    const std::string answer = talk(test.context(), request("POST /api/v1/domains", fields), {});
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\n")) << answer;
    // What will be refused anyway is not asked for.
    const std::string refused =
        talk(test.context(),
             request("POST /api/v1/nothing", with_body(body) + "Expect: 100-continue\r\n"));
    EXPECT_EQ(status_in(refused), 404);
}

TEST(HttpConnection, c3_12_a_json_body_may_be_as_large_as_its_limit_and_no_octet_more) {
    TestServer test;
    const auto status = [&](std::size_t size) {
        std::string body = R"({"name": ""})";
        body.insert(body.size() - 2, std::string(size - body.size(), 'x'));
        return status_in(
            talk(test.context(),
                 request("POST /api/v1/domains", as_role("admin") + with_body(body)) + body));
    };
    EXPECT_EQ(status(64U << 10U), 201);
    EXPECT_EQ(status((64U << 10U) + 1), 413);
    EXPECT_EQ(test.metrics.value(HttpMetric::body_too_large), 1U);
}

TEST(HttpConnection, c3_12_large_bodies_are_for_who_may_send_them_and_have_their_memory) {
    TestServer test;
    HttpContext context = test.context();
    context.console.upload_bytes = 100;
    context.console.memory_bytes = 150;
    const auto status = [&](const std::string& role, std::size_t size) {
        const std::string body(size, 'x');
        return status_in(
            talk(context,
                 request("POST /api/v1/explain",
                         (role.empty() ? "" : as_role(role)) + with_body(body, "message/rfc822")) +
                     body));
    };
    EXPECT_EQ(status("", 50), 401);
    EXPECT_EQ(status("user", 50), 403);
    EXPECT_EQ(status("admin", 100), 200);
    EXPECT_EQ(status("admin", 101), 413);
    context.console.memory_bytes = 99;
    EXPECT_EQ(status("admin", 100), 503);
    EXPECT_EQ(test.metrics.value(HttpMetric::no_memory), 1U);
    EXPECT_EQ(test.metrics.value(HttpMetric::body_octets), 0U);
}

TEST(HttpConnection, c3_12_a_head_that_comes_too_slowly_is_cut_off) {
    TestServer test;
    HttpContext context = test.context();
    context.times.header = 20ms;
    EXPECT_TRUE(talk(context, "GET /health HTTP/1.1\r\nHost: loc").starts_with("HTTP/1.1 408 "));
    EXPECT_EQ(test.metrics.value(HttpMetric::timeouts), 1U);
    // A connection that says nothing ends without a word.
    EXPECT_EQ(talk(context, ""), "");
}

TEST(HttpConnection, c3_12_a_body_that_comes_too_slowly_is_cut_off) {
    TestServer test;
    HttpContext context = test.context();
    context.times.body = 20ms;
    const std::string answer = talk(
        context,
        request("POST /api/v1/domains",
                as_role("admin") + "Content-Type: application/json\r\nContent-Length: 100\r\n") +
            "{");
    EXPECT_EQ(answer, "");
    EXPECT_EQ(test.metrics.value(HttpMetric::timeouts), 1U);
    EXPECT_TRUE(test.calls.empty());
}

TEST(HttpConnection, c3_12_connections_are_counted_in_all_and_of_each_client) {
    TestServer test;
    HttpContext context = test.context();
    context.console.connections = 0;
    EXPECT_EQ(status_in(talk(context, request("GET /health"))), 503);
    EXPECT_EQ(test.metrics.value(HttpMetric::refused_total), 1U);
    context.console.connections = 10;
    context.console.connections_per_client = 0;
    EXPECT_EQ(status_in(talk(context, request("GET /health"))), 503);
    EXPECT_EQ(test.metrics.value(HttpMetric::refused_client), 1U);
    EXPECT_EQ(test.metrics.value(HttpMetric::open_connections), 0U);
}

TEST(HttpConnection, c3_12_who_may_not_send_a_message_up_is_told_before_it_comes) {
    TestServer test;
    const std::string answer = talk(test.context(),
                                    request("POST /api/v1/explain",
                                            as_role("user") + "Content-Type: message/rfc822\r\n"
                                                              "Content-Length: 1000000\r\n"));
    EXPECT_EQ(status_in(answer), 403) << answer;
    EXPECT_TRUE(test.calls.empty());
}

net::Task<void> ask_and_note(HttpServer& server, std::string asked, std::vector<int>& answers) {
    answers.push_back(status_in(co_await talk_to(server, std::move(asked), {})));
}

/// Asks one time too many at once; the answers that came while all others waited.
net::Task<std::vector<int>> flood(HttpServer& server,
                                  std::string asked,
                                  std::binary_semaphore& go_on) {
    std::vector<int> answers;
    constexpr std::size_t one_too_many = 17;
    for (std::size_t i = 0; i < one_too_many; ++i) {
        net::Runtime::spawn_here(ask_and_note(server, asked, answers), "ask");
    }
    while (answers.empty()) {
        co_await net::yield_now();
    }
    auto refused = answers;
    go_on.release();
    while (answers.size() < one_too_many) {
        co_await net::yield_now();
    }
    refused.resize(1);
    co_return refused;
}

TEST(HttpConnection, c3_12_no_long_line_of_log_ins_waits) {
    TestServer test;
    std::binary_semaphore go_on(0);
    test.backend.call_open = [&](std::string_view,
                                 const nlohmann::json&) -> Result<nlohmann::json> {
        // Each is dear; the first ends when somebody was refused, or after all too long.
        if (go_on.try_acquire_for(std::chrono::seconds(5))) {
            go_on.release();
        }
        return fail("auth.failed", Fault::sender, "name or password is wrong");
    };
    HttpServer server(test.context());
    const std::string body = R"({"user": "a", "password": "b"})";
    const auto refused = net::run_blocking(
        flood(server, request("POST /api/v1/session", with_body(body)) + body, go_on));
    EXPECT_EQ(refused, std::vector<int>{429});
    EXPECT_EQ(test.metrics.value(HttpMetric::busy_logins), 1U);
    EXPECT_EQ(test.metrics.value(HttpMetric::busy_waits), 0U);
}

TEST(HttpConnection, c3_12_no_long_line_of_questions_to_the_dns_waits) {
    TestServer test;
    std::binary_semaphore go_on(0);
    test.backend.call = [&](const services::Principal&,
                            std::string_view,
                            const nlohmann::json&) -> Result<nlohmann::json> {
        if (go_on.try_acquire_for(std::chrono::seconds(5))) {
            go_on.release();
        }
        return nlohmann::json::object();
    };
    HttpServer server(test.context());
    const auto refused =
        net::run_blocking(flood(server, request("GET /api/v1/checklist", as_role("admin")), go_on));
    EXPECT_EQ(refused, std::vector<int>{503});
    EXPECT_EQ(test.metrics.value(HttpMetric::busy_waits), 1U);
    EXPECT_EQ(test.metrics.value(HttpMetric::busy_logins), 0U);
}

}  // namespace
}  // namespace bulla::api

#include "api/testing.h"

#include <gtest/gtest.h>

namespace bulla::api {
namespace {

std::size_t count_of(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

TEST(HttpConnection, c3_1_health_and_metrics_answer_without_log_in) {
    TestServer test;
    const std::string good = talk(test.context(), request("GET /health"));
    EXPECT_EQ(status_in(good), 200);
    EXPECT_EQ(
        nlohmann::json::parse(body_in(good)),
        nlohmann::json::parse(
            R"({"live":true,"ready":true,"checks":{"database":{"ok":true,"detail":"detail"}}})"));
    test.healthy = false;
    EXPECT_EQ(status_in(talk(test.context(), request("GET /health"))), 503);
    EXPECT_EQ(body_in(talk(test.context(), request("GET /metrics"))), "metrics\n");
}

TEST(HttpConnection, c3_1_metrics_are_for_this_machine_listed_hosts_and_tokens) {
    TestServer test;
    HttpContext context = test.context();
    const net::TlsSlot tls(*net::TlsContext::make_client(net::TlsVerify::none));
    context.tls = &tls;
    context.strict_transport = [] { return true; };
    const Talk outside{.peer = "192.0.2.7:1", .tls = true};
    const auto status = [&](const std::string& fields) {
        return status_in(talk(context, request("GET /metrics", fields), outside));
    };
    EXPECT_EQ(status(""), 401);
    EXPECT_EQ(status("Authorization: Bearer user\r\n"), 403);
    EXPECT_EQ(status("Authorization: Bearer auditor\r\n"), 200);
    EXPECT_EQ(status("Cookie: __Host-bulla=auditor\r\n"), 200);
    EXPECT_EQ(status("Cookie: bulla=auditor\r\n"), 401);
    context.console.metrics_hosts = {*Cidr::parse("192.0.2.0/24")};
    EXPECT_EQ(status(""), 200);
    const std::string health = talk(context, request("GET /health"), outside);
    EXPECT_EQ(health.find("detail"), std::string::npos);
    EXPECT_EQ(field_in(health, "Strict-Transport-Security"), "max-age=31536000");
}

TEST(HttpConnection, c3_2_without_a_certificate_there_is_no_tls) {
    TestServer test;
    HttpContext context = test.context();
    const net::TlsSlot tls;
    context.tls = &tls;
    EXPECT_EQ(talk(context, request("GET /health"), {.tls = true}), "");
    EXPECT_EQ(test.metrics.value(HttpMetric::tls_failures), 1U);
}

TEST(HttpConnection, rfc9112_9_3_2_pipelined_requests_are_answered_in_order) {
    TestServer test;
    test.value = {{"a", 1}};
    const std::string answers =
        talk(test.context(),
             request("GET /api/v1/status", as_role("admin")) + request("GET /nowhere/..") +
                 request("GET /health") +
                 request("GET /api/v1/log", as_role("auditor") + "Connection: close\r\n") +
                 request("GET /health"),
             {.chunk = 7});
    EXPECT_EQ(count_of(answers, "HTTP/1.1 "), 4U) << answers;
    EXPECT_EQ(count_of(answers, "HTTP/1.1 200 OK"), 3U);
    EXPECT_EQ(count_of(answers, "HTTP/1.1 400 Bad Request"), 1U);
    EXPECT_EQ(test.calls, (std::vector<std::string>{"status {}", "log.show {}"}));
    EXPECT_TRUE(answers.ends_with("Connection: close\r\n\r\n{\"a\":1}"));
}

TEST(HttpConnection, rfc9112_6_3_what_is_left_of_a_refused_body_is_no_request) {
    TestServer test;
    const std::string smuggled = request("GET /api/v1/status", as_role("admin"));
    const std::string answers =
        talk(test.context(),
             request("POST /nowhere", with_body(smuggled)) + smuggled + request("GET /health"));
    EXPECT_EQ(count_of(answers, "HTTP/1.1 "), 1U) << answers;
    EXPECT_TRUE(test.calls.empty());
}

TEST(HttpConnection, rfc9110_9_3_2_head_has_the_head_of_get_alone) {
    TestServer test;
    const std::string get = talk(test.context(), request("GET /"));
    const std::string head = talk(test.context(), request("HEAD /"));
    EXPECT_EQ(body_in(head), "");
    EXPECT_EQ(get, head + body_in(get));
    EXPECT_EQ(status_in(talk(test.context(), request("HEAD /api/v1/status", as_role("admin")))),
              200);
}

TEST(HttpConnection, rfc9110_15_5_6_other_methods_are_told_what_is_allowed) {
    TestServer test;
    const std::string answer = talk(test.context(), request("PUT /api/v1/queue/x"));
    EXPECT_EQ(status_in(answer), 405);
    EXPECT_EQ(field_in(answer, "Allow"), "GET, DELETE, HEAD, OPTIONS");
    const std::string options = talk(test.context(), request("OPTIONS /api/v1/queue/x"));
    EXPECT_EQ(status_in(options), 204);
    EXPECT_EQ(field_in(options, "Allow"), "GET, DELETE, HEAD, OPTIONS");
    EXPECT_EQ(status_in(talk(test.context(), request("BREW /api/v1/queue/x"))), 405);
    EXPECT_EQ(status_in(talk(test.context(), request("POST /health"))), 405);
    EXPECT_EQ(status_in(talk(test.context(), request("OPTIONS *"))), 204);
    EXPECT_EQ(status_in(talk(test.context(), request("TRACE /"))), 405);
}

TEST(HttpConnection, c3_1_unknown_addresses_of_the_api_are_404) {
    TestServer test;
    for (const auto* const path : {"/api",
                                   "/api/",
                                   "/api/v1",
                                   "/api/v1/",
                                   "/api/v2/status",
                                   "/api/v1/nothing",
                                   "/api/v1/status/",
                                   "/API/v1/status/x/y"}) {
        const std::string answer =
            talk(test.context(), request("GET " + std::string(path), as_role("admin")));
        EXPECT_TRUE(status_in(answer) == 404 || path[1] == 'A') << path << answer;
    }
    EXPECT_EQ(status_in(talk(test.context(), request("GET /.well-known/x"))), 404);
    EXPECT_EQ(status_in(talk(test.context(), request("GET /assets/x.js"))), 404);
}

TEST(HttpConnection, c3_1_path_query_and_body_become_arguments) {
    TestServer test;
    const std::string body = R"({"value": "1"})";
    const auto status = [&](const std::string& line, const std::string& text) {
        return status_in(
            talk(test.context(),
                 request(line, as_role("admin") + (text.empty() ? "" : with_body(text))) + text));
    };
    EXPECT_EQ(status("PUT /api/v1/settings/send_as?scope=domain:a.test", body), 200);
    EXPECT_EQ(status("GET /api/v1/messages?limit=5&sender=%40a.test", ""), 200);
    EXPECT_EQ(status("DELETE /api/v1/queue/x?notify=true", ""), 204);
    EXPECT_EQ(status("DELETE /api/v1/domains/a.test", ""), 204);
    EXPECT_EQ(test.calls,
              (std::vector<std::string>{
                  R"(settings.set {"name":"send_as","scope":"domain:a.test","value":"1"})",
                  R"(archive.list {"limit":5,"sender":"@a.test"})",
                  R"(queue.delete {"id":"x","notify":true})",
                  R"(domain.remove {"name":"a.test"})"}));
    EXPECT_EQ(status("PUT /api/v1/settings/send_as", R"({"name": "other"})"), 400);
    EXPECT_EQ(status("GET /api/v1/messages?limt=5", ""), 400);
    EXPECT_EQ(status("GET /api/v1/messages?limit=five", ""), 400);
    EXPECT_EQ(status("GET /api/v1/messages?limit=5&limit=5", ""), 400);
    EXPECT_EQ(status("DELETE /api/v1/queue/x?notify=1", ""), 400);
    EXPECT_EQ(status("PUT /api/v1/settings/send_as", "{"), 400);
    EXPECT_EQ(status("GET /api/v1/status", "{}"), 413);
    EXPECT_EQ(test.calls.size(), 4U);
}

TEST(HttpConnection, c3_1_a_body_of_another_media_type_is_refused) {
    TestServer test;
    const std::string body = R"({"user": "a", "password": "b"})";
    for (const auto* const type : {"text/plain", "application/x-www-form-urlencoded"}) {
        EXPECT_EQ(status_in(talk(test.context(),
                                 request("POST /api/v1/session", with_body(body, type)) + body)),
                  415);
    }
    EXPECT_TRUE(test.calls.empty());
}

TEST(HttpConnection, c3_2_from_elsewhere_plain_http_only_leads_to_https) {
    TestServer test;
    HttpContext context = test.context();
    context.console.tls_port = 8443;
    const Talk outside{.peer = "192.0.2.7:40000"};
    for (const auto* const line :
         {"GET /api/v1/status?a=b", "POST /api/v1/session", "GET /health"}) {
        const std::string answer = talk(context, request(line, as_role("admin")), outside);
        EXPECT_EQ(status_in(answer), 308) << line;
        EXPECT_EQ(field_in(answer, "Location"),
                  "https://mail.example.org:8443" +
                      std::string(line).substr(std::string(line).find('/')));
    }
    EXPECT_EQ(status_in(talk(context, request("GET /.well-known/x"), outside)), 404);
    context.console.tls_port = 443;
    EXPECT_EQ(field_in(talk(context, request("GET /"), outside), "Location"),
              "https://mail.example.org/");
    context.console.tls_port = 0;
    EXPECT_EQ(status_in(talk(context, request("GET /"), outside)), 403);
    EXPECT_TRUE(test.calls.empty());
}

TEST(HttpConnection, c3_12_whichever_operation_fails_nothing_is_left_behind) {
    const std::string body = R"({"name": "a.test"})";
    const std::string bytes =
        request("GET /health") +
        request("POST /api/v1/domains",
                as_role("admin") + with_body(body) + "Expect: 100-continue\r\n") +
        body + request("GET /api/v1/events", as_role("admin"));
    for (std::size_t nth = 1;; ++nth) {
        TestServer test;
        net::FailAtNth fails{.nth = nth};
        HttpServer server(test.context());
        test.hub.stop();
        net::run_blocking(talk_to(server, bytes, {.chunk = 50, .fails = &fails}));
        EXPECT_EQ(test.metrics.value(HttpMetric::open_connections), 0U) << nth;
        EXPECT_EQ(test.metrics.value(HttpMetric::viewers), 0U) << nth;
        EXPECT_EQ(server.connections(), 0U) << nth;
        if (!fails.failed()) {
            EXPECT_GT(nth, 10U);
            break;
        }
    }
}

}  // namespace
}  // namespace bulla::api

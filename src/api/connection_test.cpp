#include "api/testing.h"
#include "services/testing.h"

#include <gtest/gtest.h>

#include <semaphore>

namespace bulla::api {
namespace {

using namespace std::chrono_literals;

std::size_t count_of(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

std::string field_in(const std::string& answer, const std::string& name) {
    const std::size_t at = answer.find("\r\n" + name + ": ");
    if (at == std::string::npos) {
        return "(none)";
    }
    const std::size_t begin = at + name.size() + 4;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
}

std::string code_in(const std::string& answer) {
    const auto body = nlohmann::json::parse(body_in(answer), nullptr, false);
    return body.is_object() ? body.value("code", "") : "";
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
    context.strict_transport = true;
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

TEST(HttpConnection, c3_2_every_answer_is_hardened) {
    TestServer test;
    for (const auto* const line :
         {"GET /", "GET /api/v1/status", "GET /nothing/..", "GET /health"}) {
        const std::string answer = talk(test.context(), request(line));
        EXPECT_NE(field_in(answer, "Content-Security-Policy")
                      .find("default-src 'none'; script-src 'self'"),
                  std::string::npos)
            << line;
        EXPECT_NE(field_in(answer, "Content-Security-Policy").find("frame-ancestors 'none'"),
                  std::string::npos);
        EXPECT_EQ(field_in(answer, "X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(field_in(answer, "Referrer-Policy"), "no-referrer");
        EXPECT_EQ(field_in(answer, "Cross-Origin-Opener-Policy"), "same-origin");
        EXPECT_EQ(field_in(answer, "Cross-Origin-Resource-Policy"), "same-origin");
        EXPECT_NE(field_in(answer, "Permissions-Policy"), "(none)");
        EXPECT_EQ(field_in(answer, "Strict-Transport-Security"), "(none)");
        EXPECT_EQ(field_in(answer, "Date"), "Wed, 18 Nov 2026 11:06:40 GMT");
    }
    EXPECT_EQ(field_in(talk(test.context(), request("GET /api/v1/status")), "Cache-Control"),
              "no-store");
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

TEST(HttpConnection, c3_1_problems_have_the_code_of_the_error) {
    TestServer test;

    struct Row {
        Error error;
        int status;
    };

    const std::vector<Row> rows = {
        {{.code = "domain.missing", .fault = Fault::sender, .text = "There is none."}, 404},
        {{.code = "domain.exists", .fault = Fault::sender, .text = ""}, 409},
        {{.code = "setting.bad", .fault = Fault::sender, .text = ""}, 422},
        {{.code = "store.busy", .fault = Fault::temporary, .text = ""}, 503},
        {{.code = "pack.short_read", .fault = Fault::us, .text = ""}, 500},
        {{.code = "auth.locked", .fault = Fault::temporary, .text = "try again in 8 s"}, 429},
        {{.code = "auth.busy", .fault = Fault::temporary, .text = "try again in 8 s"}, 429},
        {{.code = "access.denied", .fault = Fault::sender, .text = ""}, 403},
    };
    for (const Row& row : rows) {
        test.error = row.error;
        const std::string answer =
            talk(test.context(), request("GET /api/v1/status", as_role("admin")));
        EXPECT_EQ(status_in(answer), row.status) << row.error.code;
        EXPECT_EQ(code_in(answer), row.error.code);
        EXPECT_EQ(field_in(answer, "Content-Type"), "application/problem+json");
        EXPECT_EQ(field_in(answer, "Retry-After"),
                  row.status == 503   ? "5"
                  : row.status == 429 ? "8"
                                      : "(none)");
    }
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

TEST(HttpConnection, c3_2_octets_of_mail_cannot_run_whatever_they_say_they_are) {
    TestServer test;
    test.value = {{"media_type", "text/html"},
                  {"filename", "a\"\r\nX: y.html"},
                  {"octets", nlohmann::json::binary({'<', 'b', '>'})}};
    const std::string answer =
        talk(test.context(), request("GET /api/v1/messages/x/parts/1", as_role("admin")));
    EXPECT_EQ(status_in(answer), 200);
    EXPECT_EQ(body_in(answer), "<b>");
    EXPECT_NE(field_in(answer, "Content-Security-Policy").find("sandbox"), std::string::npos);
    EXPECT_EQ(field_in(answer, "Content-Disposition"),
              "attachment; filename=\"a___X__y.html\"; filename*=UTF-8''a%22%0D%0AX%3A%20y%2Ehtml");
    const std::string raw =
        talk(test.context(), request("GET /api/v1/messages/x/raw", as_role("admin")));
    EXPECT_EQ(field_in(raw, "Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(field_in(raw, "Content-Disposition"), "(none)");
}

TEST(HttpConnection, c3_2_assets_are_told_by_etag_and_taken_as_the_client_can) {
    TestServer test;
    HttpContext context = test.context();
    const Asset assets[] = {{.path = "/",
                             .media_type = "text/html",
                             .etag = "e",
                             .plain = "plain",
                             .gzip = "gz",
                             .brotli = "br"},
                            {.path = "/assets/a-1.js",
                             .media_type = "text/javascript",
                             .etag = "f",
                             .immutable = true,
                             .plain = "js",
                             .gzip = {},
                             .brotli = {}}};
    context.assets = assets;
    const auto get = [&](const std::string& path, const std::string& fields) {
        return talk(context, request("GET " + path, fields));
    };
    EXPECT_EQ(body_in(get("/", "")), "plain");
    EXPECT_EQ(body_in(get("/", "Accept-Encoding: gzip, deflate\r\n")), "gz");
    EXPECT_EQ(body_in(get("/", "Accept-Encoding: gzip, deflate, br;q=1.0\r\n")), "br");
    EXPECT_EQ(body_in(get("/", "Accept-Encoding: gzip;q=0, br;q=0\r\n")), "plain");
    EXPECT_EQ(body_in(get("/messages/x.y", "")), "plain");
    const std::string known = get("/", "Accept-Encoding: gzip\r\nIf-None-Match: \"e-gz\"\r\n");
    EXPECT_EQ(status_in(known), 304);
    EXPECT_EQ(body_in(known), "");
    EXPECT_EQ(status_in(get("/", "If-None-Match: \"e-gz\"\r\n")), 200);
    EXPECT_EQ(field_in(known, "Cache-Control"), "no-cache");
    EXPECT_EQ(field_in(get("/assets/a-1.js", ""), "Cache-Control"),
              "public, max-age=31536000, immutable");
}

net::Task<std::string> look_on(TestServer& test, HttpServer& server) {
    auto [near, far] = net::MemoryStream::make_pair();
    near->set_endpoint(*net::Endpoint::parse("127.0.0.1:1"));
    net::Runtime::spawn_here(server.serve(std::move(near), false), "serve");
    static_cast<void>(co_await far->write_one(request("GET /api/v1/events", as_role("user"))));
    std::string answer;
    std::array<char, 4096> buffer{};
    bool told = false;
    for (;;) {
        const auto size = co_await far->read_some(buffer);
        if (!size || *size == 0) {
            co_return answer;
        }
        answer.append(buffer.data(), *size);
        if (test.hub.viewers() == 1 && !told) {
            told = true;
            test.hub.publish("message", "{\"id\":\"2\"}", {});
            test.hub.publish("revision", "{}", {.everybody = true});
        }
        if (answer.contains(": still there")) {
            server.stop();
        }
    }
}

TEST(HttpConnection, c3_1_events_of_mail_reach_those_who_see_all_mail) {
    TestServer test;
    HttpServer server(test.context());
    const std::string answer = net::run_blocking(look_on(test, server));
    EXPECT_EQ(status_in(answer), 200);
    EXPECT_EQ(field_in(answer, "Content-Type"), "text/event-stream");
    EXPECT_EQ(field_in(answer, "Transfer-Encoding"), "chunked");
    EXPECT_EQ(answer.find("\"2\""), std::string::npos);
    EXPECT_NE(answer.find("event: revision\ndata: {}\n\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("0\r\n\r\n"));
    EXPECT_EQ(test.hub.viewers(), 0U);
    EXPECT_EQ(test.metrics.value(HttpMetric::viewers), 0U);
}

/// A server whose sessions are those of an instance with a clock of its own.
struct RealSessions {
    services::testing::TestInstance at;
    TestServer test;
    std::string secret;

    RealSessions() {
        EXPECT_EQ(
            at.error_of("account.add", {{"address", "ann@example.test"}, {"password", "password"}}),
            "");
        secret = at.call("auth.login", {{"user", "ann@example.test"}, {"password", "password"}})
                     .value()["session"];
        test.backend.authenticate =
            [this](const std::string& text, bool, services::Activity activity) {
                return services::find_session(*at.context, text, activity);
            };
    }

    std::string last_seen() const { return at.call("session.list").value()[0]["last_seen"]; }

    std::string get(const std::string& path, const std::string& fields = {}) {
        return talk(test.context(), request("GET " + path, as_role(secret) + fields));
    }
};

/// Looks on until the server ends the stream, and calls `told` with all that came so far whenever something did.
net::Task<std::string> look_on_until_it_ends(RealSessions& real,
                                             HttpServer& server,
                                             std::function<void(const std::string&)> told) {
    auto [near, far] = net::MemoryStream::make_pair();
    near->set_endpoint(*net::Endpoint::parse("127.0.0.1:1"));
    net::Runtime::spawn_here(server.serve(std::move(near), false), "serve");
    static_cast<void>(co_await far->write_one(request("GET /api/v1/events", as_role(real.secret))));
    std::string answer;
    std::array<char, 4096> buffer{};
    for (int reads = 0; reads < 200; ++reads) {
        const auto size = co_await far->read_some(buffer);
        if (!size || *size == 0) {
            co_return answer;
        }
        answer.append(buffer.data(), *size);
        told(answer);
    }
    server.stop();
    co_return answer + "and so on";
}

TEST(HttpConnection, c3_2_a_stream_ends_with_its_session_and_tells_nothing_more) {
    struct Row {
        std::string name;
        std::function<void(RealSessions&)> end;
    };

    const Row rows[] = {
        {"idle", [](RealSessions& real) { real.at.clock.advance(std::chrono::hours(12)); }},
        {"logged out",
         [](RealSessions& real) {
             EXPECT_EQ(real.at.error_of("auth.logout", {{"session", real.secret}}), "");
         }},
        {"revoked",
         [](RealSessions& real) {
             EXPECT_EQ(real.at.error_of("session.revoke", {{"login", "ann@example.test"}}), "");
         }},
        {"disabled", [](RealSessions& real) {
             EXPECT_EQ(real.at.error_of("account.disable", {{"login", "ann@example.test"}}), "");
         }}};
    for (const Row& row : rows) {
        RealSessions real;
        HttpContext context = real.test.context();
        context.times.trust = std::chrono::milliseconds(0);
        HttpServer server(context);
        bool open = false;
        const auto told = [&](const std::string&) {
            if (!open && real.test.hub.viewers() == 1) {
                open = true;
                row.end(real);
                real.test.hub.publish("revision", "{}", {.everybody = true});
            }
        };
        const std::string answer = net::run_blocking(look_on_until_it_ends(real, server, told));
        EXPECT_EQ(status_in(answer), 200) << row.name;
        EXPECT_EQ(answer.find("event: revision"), std::string::npos) << row.name;
        EXPECT_TRUE(answer.ends_with("0\r\n\r\n")) << row.name << answer;
        EXPECT_EQ(real.test.hub.viewers(), 0U) << row.name;
    }
}

TEST(HttpConnection, c3_2_a_stream_ends_with_the_role_that_it_began_with) {
    RealSessions real;
    auto role = directory::AccountRole::admin;
    real.test.backend.authenticate =
        [&](const std::string& text, bool, services::Activity activity) {
            auto found = services::find_session(*real.at.context, text, activity);
            if (found) {
                found->principal.role = role;
            }
            return found;
        };
    HttpServer server(real.test.context());
    const auto told = [&](const std::string& answer) {
        if (answer.contains("retry:")) {
            role = directory::AccountRole::user;
        }
    };
    const std::string answer = net::run_blocking(look_on_until_it_ends(real, server, told));
    EXPECT_TRUE(answer.ends_with("0\r\n\r\n")) << answer;
    EXPECT_EQ(answer.find("still there"), std::string::npos);
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

net::Task<void> log_in_and_note(HttpServer& server, std::vector<int>& answers) {
    const std::string body = R"({"user": "a", "password": "b"})";
    answers.push_back(status_in(
        co_await talk_to(server, request("POST /api/v1/session", with_body(body)) + body, {})));
}

net::Task<std::vector<int>> flood_with_log_ins(HttpServer& server, std::binary_semaphore& go_on) {
    std::vector<int> answers;
    constexpr std::size_t one_too_many = 17;
    for (std::size_t i = 0; i < one_too_many; ++i) {
        net::Runtime::spawn_here(log_in_and_note(server, answers), "log in");
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
    const auto refused = net::run_blocking(flood_with_log_ins(server, go_on));
    EXPECT_EQ(refused, std::vector<int>{429});
    EXPECT_EQ(test.metrics.value(HttpMetric::busy_logins), 1U);
}

TEST(HttpConnection, c3_2_an_open_stream_does_not_keep_a_session_from_idling_out) {
    RealSessions real;
    const std::string before = real.last_seen();
    real.at.clock.advance(std::chrono::hours(11));
    HttpServer server(real.test.context());
    bool beaten = false;
    const auto told = [&](const std::string& answer) {
        EXPECT_EQ(real.last_seen(), before) << "neither opening it nor looking on is use";
        if (!beaten && answer.contains(": still there")) {
            beaten = true;
            real.at.clock.advance(std::chrono::hours(1));
        }
    };
    const std::string answer = net::run_blocking(look_on_until_it_ends(real, server, told));
    EXPECT_TRUE(beaten);
    EXPECT_TRUE(answer.ends_with("0\r\n\r\n")) << answer;
}

TEST(HttpConnection, c3_2_what_a_page_asks_by_itself_is_no_use_of_its_session) {
    RealSessions real;
    const std::string before = real.last_seen();
    real.at.clock.advance(std::chrono::hours(1));
    const std::string by_itself = "X-Bulla-Background: 1\r\n";
    EXPECT_EQ(status_in(real.get("/api/v1/session", by_itself)), 200);
    EXPECT_EQ(real.last_seen(), before);
    EXPECT_EQ(status_in(real.get("/api/v1/session")), 200);
    const std::string read = real.last_seen();
    EXPECT_NE(read, before);
    // Who changes something is there, whatever the request says.
    real.at.clock.advance(std::chrono::hours(1));
    const std::string body = R"({"name": "x"})";
    EXPECT_EQ(status_in(talk(real.test.context(),
                             request("POST /api/v1/tokens",
                                     as_role(real.secret) + by_itself + with_body(body)) +
                                 body)),
              201);
    EXPECT_NE(real.last_seen(), read);
    real.at.clock.advance(std::chrono::hours(12));
    EXPECT_EQ(status_in(real.get("/api/v1/session", by_itself)), 401);
}

TEST(EventHub, c3_2_a_viewer_that_reads_too_slowly_is_told_what_it_lost) {
    unsigned lost = 0;
    EventHub hub([&] { ++lost; });
    const auto viewer = hub.join([](const Audience&) { return true; });
    for (int i = 0; i < 256; ++i) {
        hub.publish("a", "1", {});
    }
    EXPECT_EQ(lost, 0U);
    hub.publish("b", "2", {});
    EXPECT_EQ(lost, 1U);
    EXPECT_EQ(viewer->take(), "event: lost\ndata: {}\n\nevent: b\ndata: 2\n\n");
    EXPECT_EQ(viewer->take(), "");
    hub.stop();
    EXPECT_TRUE(viewer->is_stopped());
    EXPECT_TRUE(hub.join([](const Audience&) { return true; })->is_stopped());
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

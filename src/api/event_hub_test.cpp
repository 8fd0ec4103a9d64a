#include "api/testing.h"
#include "services/testing.h"

#include <gtest/gtest.h>

namespace bulla::api {
namespace {

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

}  // namespace
}  // namespace bulla::api

#include "api/testing.h"

#include <gtest/gtest.h>

namespace bulla::api {
namespace {

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

TEST(HttpConnection, c3_1_problems_have_the_code_of_the_error) {
    TestServer test;

    struct Row {
        Error error;
        int status;
        std::string wait = "(none)";
    };

    const std::vector<Row> rows = {
        {{.code = "domain.missing", .fault = Fault::sender, .text = "There is none."}, 404},
        {{.code = "domain.exists", .fault = Fault::sender, .text = ""}, 409},
        {{.code = "setting.bad", .fault = Fault::sender, .text = ""}, 422},
        {{.code = "store.busy", .fault = Fault::temporary, .text = ""}, 503, "5"},
        {{.code = "store.busy", .fault = Fault::temporary, .text = "", .retry_after = 60},
         503,
         "60"},
        {{.code = "pack.short_read", .fault = Fault::us, .text = ""}, 500},
        {{.code = "auth.locked", .fault = Fault::temporary, .text = "", .retry_after = 8},
         429,
         "8"},
        {{.code = "auth.busy", .fault = Fault::temporary, .text = "", .retry_after = 5}, 429, "5"},
        {{.code = "access.denied", .fault = Fault::sender, .text = ""}, 403},
    };
    for (const Row& row : rows) {
        test.error = row.error;
        const std::string answer =
            talk(test.context(), request("GET /api/v1/status", as_role("admin")));
        EXPECT_EQ(status_in(answer), row.status) << row.error.code;
        EXPECT_EQ(code_in(answer), row.error.code);
        EXPECT_EQ(field_in(answer, "Content-Type"), "application/problem+json");
        EXPECT_EQ(field_in(answer, "Retry-After"), row.wait) << row.error.code;
        const auto body = nlohmann::json::parse(body_in(answer));
        EXPECT_EQ(body.contains("retry_after") ? body["retry_after"].dump() : "(none)", row.wait);
        EXPECT_FALSE(body.contains("field"));
    }
}

TEST(HttpConnection, c3_1_a_problem_names_the_argument_that_is_wrong) {
    TestServer test;
    test.error = Error{
        .code = "domain.exists", .fault = Fault::sender, .text = "there already", .field = "name"};
    const auto problem = [&](const std::string& line, const std::string& body = {}) {
        const std::string fields = as_role("admin") + (body.empty() ? "" : with_body(body));
        return nlohmann::json::parse(body_in(talk(test.context(), request(line, fields) + body)));
    };
    EXPECT_EQ(problem("POST /api/v1/domains", R"({"name": "a.test"})"),
              nlohmann::json({{"type", "about:blank"},
                              {"title", "Conflict"},
                              {"status", 409},
                              {"detail", "there already"},
                              {"code", "domain.exists"},
                              {"field", "name"}}));
    // What the server itself refuses, before any service is asked.
    EXPECT_EQ(problem("GET /api/v1/messages?limit=many")["field"], "limit");
    EXPECT_EQ(problem("GET /api/v1/messages?nothing=1")["field"], "nothing");
}

}  // namespace
}  // namespace bulla::api

#include "api/testing.h"

#include <gtest/gtest.h>

namespace bulla::api {
namespace {

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

}  // namespace
}  // namespace bulla::api

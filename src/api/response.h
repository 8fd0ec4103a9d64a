#pragma once
#include "api/request.h"
#include "base/clock.h"
#include "base/error.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulla::api {

/// What goes back. The body is `body`, or `fixed` where that is not empty, which then lives as long as the program.
struct Response {
    int status = 200;
    std::string media_type = {};  ///< Empty: no body.
    std::string body = {};
    std::string_view fixed = {};
    std::string cache = "no-store";  ///< Cache-Control.
    std::string policy =
        {};  ///< Content-Security-Policy in place of the console's own; empty: that.
    std::vector<std::pair<std::string_view, std::string>> fields = {};  ///< Further fields.
    bool close = false;      ///< The connection ends after this.
    bool is_events = false;  ///< A stream of events follows.

    [[nodiscard]] std::string_view content() const { return fixed.empty() ? body : fixed; }
};

/// What decides about a response's head beside the response itself.
struct HeadOptions {
    Time now;
    bool http11 = true;
    bool keep_alive = true;
    bool strict_transport = false;  ///< Say that the host is to be asked by HTTPS alone (RFC 6797).
};

/// The status line and all fields of `response`, with the empty line.
[[nodiscard]] std::string write_head(const Response& response, const HeadOptions& options);

/// The status that `error` stands for: by its code, else by its fault.
[[nodiscard]] int status_of(const Error& error);
/// `error` as application/problem+json (RFC 9457): type, title, status, detail, code, and as far as they are known rfc, field and retry_after.
[[nodiscard]] Response make_problem(const Error& error);
/// `value` as application/json.
[[nodiscard]] Response make_json(const nlohmann::json& value, int status = 200);
/// `status` without a body.
[[nodiscard]] Response make_empty(int status);
/// `text` as plain text in UTF-8.
[[nodiscard]] Response make_text(std::string text);

/// The reason phrase of `status`.
[[nodiscard]] std::string_view reason_of(int status);
/// `time` as the preferred date of RFC 9110 5.6.7.
[[nodiscard]] std::string write_http_date(Time time);

}  // namespace bulla::api

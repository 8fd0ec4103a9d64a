#include "api/response.h"

#include "base/date.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>

namespace bulla::api {

namespace {

struct Reason {
    int status;
    std::string_view text;
};

constexpr std::array reasons{Reason{200, "OK"},
                             Reason{201, "Created"},
                             Reason{202, "Accepted"},
                             Reason{204, "No Content"},
                             Reason{304, "Not Modified"},
                             Reason{308, "Permanent Redirect"},
                             Reason{400, "Bad Request"},
                             Reason{401, "Unauthorized"},
                             Reason{403, "Forbidden"},
                             Reason{404, "Not Found"},
                             Reason{405, "Method Not Allowed"},
                             Reason{408, "Request Timeout"},
                             Reason{409, "Conflict"},
                             Reason{413, "Content Too Large"},
                             Reason{414, "URI Too Long"},
                             Reason{415, "Unsupported Media Type"},
                             Reason{417, "Expectation Failed"},
                             Reason{421, "Misdirected Request"},
                             Reason{422, "Unprocessable Content"},
                             Reason{429, "Too Many Requests"},
                             Reason{431, "Request Header Fields Too Large"},
                             Reason{500, "Internal Server Error"},
                             Reason{501, "Not Implemented"},
                             Reason{503, "Service Unavailable"},
                             Reason{505, "HTTP Version Not Supported"}};

// Which status a code has that its fault does not tell. A code that begins or ends so.
struct StatusRow {
    std::string_view code;
    int status;
};

constexpr std::array exact{StatusRow{"http.bad_request", 400},
                           StatusRow{"http.bad_target", 400},
                           StatusRow{"http.bad_host", 400},
                           StatusRow{"http.bad_json", 400},
                           StatusRow{"http.bad_parameter", 400},
                           StatusRow{"http.not_found", 404},
                           StatusRow{"http.bad_method", 405},
                           StatusRow{"http.timeout", 408},
                           StatusRow{"http.body_too_large", 413},
                           StatusRow{"http.target_too_long", 414},
                           StatusRow{"http.bad_media_type", 415},
                           StatusRow{"http.unknown_expectation", 417},
                           StatusRow{"http.wrong_host", 421},
                           StatusRow{"http.head_too_large", 431},
                           StatusRow{"http.unknown_coding", 501},
                           StatusRow{"http.bad_version", 505},
                           StatusRow{"http.csrf", 403},
                           StatusRow{"http.needs_tls", 403},
                           StatusRow{"http.too_many_connections", 503},
                           StatusRow{"http.no_memory", 503},
                           StatusRow{"auth.failed", 401},
                           StatusRow{"auth.no_session", 401},
                           StatusRow{"auth.totp_needed", 401},
                           StatusRow{"auth.locked", 429},
                           StatusRow{"auth.busy", 429},
                           StatusRow{"access.denied", 403},
                           StatusRow{"access.scope", 403},
                           StatusRow{"access.password_first", 403},
                           StatusRow{"access.session_needed", 403},
                           StatusRow{"archive.no_message", 404},
                           StatusRow{"archive.no_leaf", 404},
                           StatusRow{"log.empty", 404},
                           StatusRow{"account.last_admin", 409},
                           StatusRow{"account.address_taken", 409},
                           StatusRow{"domain.has_keys", 409},
                           StatusRow{"policy.changed", 409},
                           StatusRow{"queue.busy", 409},
                           StatusRow{"service.unknown", 501},
                           StatusRow{"service.read_only", 503}};

constexpr std::array endings{StatusRow{".missing", 404},
                             StatusRow{".gone", 404},
                             StatusRow{".no_member", 404},
                             StatusRow{".exists", 409},
                             StatusRow{".in_use", 409},
                             StatusRow{".no_part", 404}};

constexpr std::string_view console_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src "
    "'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

// Every answer says them: that a browser takes nothing for what it was not meant to be, and lets no other site look at it.
constexpr std::string_view hardening =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
    "interest-cohort=()\r\n";

void add_content(std::string& out, const Response& response, bool http11) {
    if (response.is_events) {
        out += http11 ? "Transfer-Encoding: chunked\r\n" : "";
    } else if (response.status != 204 && response.status != 304) {
        // RFC 9110 8.6: "A server MUST NOT send a Content-Length header field in any response with a status code of 1xx […] or 204"
        fmt::format_to(
            std::back_inserter(out), "Content-Length: {}\r\n", response.content().size());
    }
    if (!response.media_type.empty()) {
        fmt::format_to(std::back_inserter(out), "Content-Type: {}\r\n", response.media_type);
    }
}

std::string title_of(int status) {
    return std::string(reason_of(status));
}

}  // namespace

std::string_view reason_of(int status) {
    const auto found = std::ranges::find(reasons, status, &Reason::status);
    return found == reasons.end() ? "" : found->text;
}

std::string write_http_date(Time time) {
    // RFC 5322's date in UTC ends in " +0000", HTTP's in " GMT"; and the day has two digits here.
    std::string date = write_rfc5322_date(time);
    date.replace(date.size() - 5, 5, "GMT");
    if (date.size() > 6 && date[6] == ' ') {
        date.insert(5, "0");
    }
    return date;
}

std::string write_head(const Response& response, const HeadOptions& options) {
    std::string out;
    out.reserve(1024);
    fmt::format_to(std::back_inserter(out),
                   "HTTP/1.1 {} {}\r\nDate: {}\r\nCache-Control: {}\r\n",
                   response.status,
                   reason_of(response.status),
                   write_http_date(options.now),
                   response.cache);
    add_content(out, response, options.http11);
    fmt::format_to(std::back_inserter(out),
                   "Content-Security-Policy: {}\r\n{}",
                   response.policy.empty() ? console_policy : std::string_view(response.policy),
                   hardening);
    if (options.strict_transport) {
        out += "Strict-Transport-Security: max-age=31536000\r\n";
    }
    for (const auto& [name, value] : response.fields) {
        fmt::format_to(std::back_inserter(out), "{}: {}\r\n", name, value);
    }
    if (!options.keep_alive || response.close) {
        out += "Connection: close\r\n";
    } else if (!options.http11) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
    return out;
}

int status_of(const Error& error) {
    if (const auto row = std::ranges::find(exact, error.code, &StatusRow::code);
        row != exact.end()) {
        return row->status;
    }
    for (const auto& [ending, status] : endings) {
        if (error.code.ends_with(ending)) {
            return status;
        }
    }
    switch (error.fault) {
        case Fault::sender:
            return 422;
        case Fault::temporary:
            return 503;
        case Fault::us:
            break;
    }
    return 500;
}

Response make_problem(const Error& error) {
    const int status = status_of(error);
    nlohmann::json body = {{"type", "about:blank"},
                           {"title", title_of(status)},
                           {"status", status},
                           {"detail", error.text},
                           {"code", error.code}};
    if (!error.rfc.empty()) {
        body["rfc"] = error.rfc;
    }
    if (!error.field.empty()) {
        body["field"] = error.field;
    }
    // What lasts a moment only is worth another try soon, if nothing says when.
    const unsigned wait = status == 503 && error.retry_after == 0 ? 5 : error.retry_after;
    if (wait != 0) {
        body["retry_after"] = wait;
    }
    Response response = make_json(body, status);
    response.media_type = "application/problem+json";
    if (wait != 0) {
        response.fields.emplace_back("Retry-After", std::to_string(wait));
    }
    if (status == 401) {
        response.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"bulla\"");
    }
    return response;
}

Response make_json(const nlohmann::json& value, int status) {
    return {.status = status,
            .media_type = "application/json",
            // What is no UTF-8 (names of mail parts) must not take the answer with it.
            .body = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

Response make_empty(int status) {
    return {.status = status};
}

Response make_text(std::string text) {
    return {.media_type = "text/plain; charset=utf-8", .body = std::move(text)};
}

}  // namespace bulla::api

#pragma once
#include "api/credentials.h"
#include "api/server.h"
#include "base/clock.h"
#include "net/memory_stream.h"
#include "net/runtime.h"
#include "services/access.h"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// A server over a backend that a test makes, and a client in memory. For tests alone.

namespace bulla::api {

/// The session (or token) "user", "domain_admin", "auditor", "admin" stands for an account of that role; all others for nobody.
inline Result<services::Credential> authenticate_by_role(const std::string& secret,
                                                         bool is_token,
                                                         services::Activity /*activity*/) {
    using directory::AccountRole;
    constexpr std::array<std::pair<std::string_view, AccountRole>, 4> roles{
        {{"user", AccountRole::user},
         {"domain_admin", AccountRole::domain_admin},
         {"auditor", AccountRole::auditor},
         {"admin", AccountRole::admin}}};
    for (const auto& [name, role] : roles) {
        if (secret == name) {
            services::Credential out;
            out.principal.login = secret;
            out.principal.role = role;
            out.principal.scopes = {"*"};
            out.principal.by_token = is_token;
            out.id = "id-of-" + secret;
            out.address = secret + "@example.test";
            return out;
        }
    }
    return fail("auth.no_session", Fault::sender, "Log in first.");
}

struct TestServer {
    Backend backend;
    HttpMetrics metrics;
    EventHub hub{[this] { metrics.add(HttpMetric::lost_events); }};
    ManualClock clock{from_unix(1'795'000'000)};
    std::vector<std::string> calls;  ///< "call {arguments}"
    nlohmann::json value = nlohmann::json::object();
    std::optional<Error> error;
    bool healthy = true;

    TestServer() {
        backend.authenticate = authenticate_by_role;
        backend.check = [](const services::Principal& who,
                           std::string_view call,
                           const nlohmann::json&) -> Result<void> {
            if (services::permission_of(call, who.role) == services::Permission::denied) {
                return fail("access.denied", Fault::sender, "Not for this role.");
            }
            return {};
        };
        backend.call = [this](const services::Principal& who,
                              std::string_view call,
                              const nlohmann::json& arguments) -> Result<nlohmann::json> {
            BULLA_CHECK(backend.check(who, call, arguments));
            return note(call, arguments);
        };
        backend.call_open = [this](std::string_view call, const nlohmann::json& arguments) {
            return note(call, arguments);
        };
    }

    Result<nlohmann::json> note(std::string_view call, const nlohmann::json& arguments) {
        calls.push_back(std::string(call) + " " + arguments.dump());
        if (error) {
            return std::unexpected(*error);
        }
        return value;
    }

    /// What a test changes in it, it changes before make().
    [[nodiscard]] HttpContext context() {
        using namespace std::chrono_literals;
        return {.backend = backend,
                .events = hub,
                .metrics = metrics,
                .clock = clock,
                .health = [this] { return Health{{{"database", healthy, "detail"}}}; },
                .metrics_text = [] { return std::string("metrics\n"); },
                .names = {"mail.example.org"},
                .assets = list_assets(),
                .times = {.header = 1000ms,
                          .idle = 20ms,
                          .body = 1000ms,
                          .heartbeat = 40ms,
                          .drain = 5ms}};
    }
};

struct Talk {
    std::string peer = "127.0.0.1:40000";
    bool tls = false;
    std::size_t chunk = 4096;
    net::FailAtNth* fails = nullptr;
};

inline net::Task<std::string> talk_to(HttpServer& server, std::string bytes, Talk options) {
    auto [near, far] = net::MemoryStream::make_pair(options.fails, options.chunk);
    near->set_endpoint(*net::Endpoint::parse(options.peer));
    net::Runtime::spawn_here(server.serve(std::move(near), options.tls), "serve");
    static_cast<void>(co_await far->write_one(bytes));
    std::string answer;
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto size = co_await far->read_some(buffer);
        if (!size || *size == 0) {
            co_return answer;
        }
        answer.append(buffer.data(), *size);
    }
}

/// Sends `bytes` and gives all that comes back until the server closes.
inline std::string talk(const HttpContext& context, std::string bytes, Talk options = {}) {
    HttpServer server(context);
    return net::run_blocking(talk_to(server, std::move(bytes), std::move(options)));
}

/// A request with Host and without a body.
inline std::string request(const std::string& line, const std::string& fields = {}) {
    return line + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

/// The fields of a browser that is logged in as `role`, with the word against forgery.
inline std::string as_role(const std::string& role) {
    return "Cookie: bulla=" + role + "\r\nX-Bulla-CSRF: " + csrf_of(role) + "\r\n";
}

inline std::string with_body(const std::string& body,
                             const std::string& type = "application/json") {
    return "Content-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
}

inline int status_in(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

inline std::string body_in(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
}

/// The value of a field; "(none)" without it.
inline std::string field_in(const std::string& answer, const std::string& name) {
    const std::size_t at = answer.find("\r\n" + name + ": ");
    if (at == std::string::npos) {
        return "(none)";
    }
    const std::size_t begin = at + name.size() + 4;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
}

/// The code of a problem.
inline std::string code_in(const std::string& answer) {
    const auto body = nlohmann::json::parse(body_in(answer), nullptr, false);
    return body.is_object() ? body.value("code", "") : "";
}

}  // namespace bulla::api

#include "api/connection.h"
#include "api/description.h"
#include "base/secret.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

// What a request is for: the rules that hold for all of them, the server's own addresses, the API, the console's files.

namespace bulla::api {

namespace {

/// Log-ins, and questions that wait for the DNS, at once; each of the two has its own lane.
constexpr unsigned max_aside = 16;

std::unexpected<Error> not_found() {
    return fail("http.not_found", Fault::sender, "There is nothing at this address.");
}

bool is_read(Method method) {
    return method == Method::get || method == Method::head;
}

// A page says so of what it asks by itself, such as when a timer is due or mail came in.
services::Activity activity_of(const RequestHead& head, const Route& route, bool is_token) {
    const bool by_itself = is_read(head.method) &&
                           (route.options.stream || head.find("x-bulla-background") != nullptr);
    return by_itself && !is_token ? services::Activity::none : services::Activity::counts;
}

Response bad_method(std::vector<Method> allowed, bool asked) {
    if (std::ranges::find(allowed, Method::get) != allowed.end()) {
        allowed.push_back(Method::head);
    }
    allowed.push_back(Method::options);
    std::string list;
    for (const Method method : allowed) {
        list += fmt::format("{}{}", list.empty() ? "" : ", ", name_of(method));
    }
    Response response = asked ? make_empty(204)
                              : make_problem({.code = "http.bad_method",
                                              .fault = Fault::sender,
                                              .text = "This address takes " + list + "."});
    // RFC 9110 15.5.6: "The origin server MUST generate an Allow header field in a 405 response"
    response.fields.emplace_back("Allow", list);
    return response;
}

Response make_health(const Health& health, bool detail) {
    nlohmann::json checks = nlohmann::json::object();
    bool good = true;
    for (const Health::Check& check : health.checks) {
        good = good && check.good;
        checks[check.name] = {{"ok", check.good}};
        if (detail && !check.detail.empty()) {
            checks[check.name]["detail"] = check.detail;
        }
    }
    return make_json({{"live", true}, {"ready", good}, {"checks", std::move(checks)}},
                     good ? 200 : 503);
}

bool has_media_type(const RequestHead& head, std::string_view wanted) {
    const std::string* type = head.find("content-type");
    if (type == nullptr) {
        return false;
    }
    const std::string_view name = std::string_view(*type).substr(0, type->find(';'));
    return name.substr(0, name.find_last_not_of(' ') + 1) == wanted;
}

}  // namespace

bool HttpConnection::is_local() const {
    return stream_->peer().is_loopback();
}

Result<void> HttpConnection::check_host() const {
    const std::string& host = parser_.head().host;
    if (is_own_host(host, context_.names) || (host.empty() && !parser_.head().http11)) {
        return {};
    }
    return fail("http.wrong_host",
                Fault::sender,
                "This host name is not known here; add it to names in [console] of bulla.toml.",
                "RFC 9110 7.4");
}

Response HttpConnection::redirect() const {
    if (context_.console.tls_port == 0) {
        return make_problem({.code = "http.needs_tls",
                             .fault = Fault::sender,
                             .text = "From another machine this is served over HTTPS only; set "
                                     "tls_port in [console] of bulla.toml."});
    }
    const std::string& host = context_.names.front();
    const std::string port =
        context_.console.tls_port == 443 ? "" : fmt::format(":{}", context_.console.tls_port);
    Response response = make_empty(308);
    response.fields.emplace_back("Location",
                                 fmt::format("https://{}{}{}", host, port, parser_.head().target));
    return response;
}

net::Task<Result<Response>> HttpConnection::handle() {
    const RequestHead& head = parser_.head();
    if (head.target == "*") {
        co_return bad_method(
            {Method::get, Method::post, Method::put, Method::patch, Method::remove}, true);
    }
    BULLA_CO_TRY(target, parse_target(head.target));
    const std::string& first = target.segments.front();
    if (!tls_ && !is_local() && first != ".well-known") {
        co_return redirect();
    }
    BULLA_CO_CHECK(check_host());
    if (first == "api") {
        co_return co_await handle_api(target);
    }
    co_return co_await handle_own(target);
}

bool HttpConnection::may_read_metrics() const {
    return is_local() ||
           std::ranges::any_of(context_.console.metrics_hosts, [&](const Cidr& network) {
               return network.contains(stream_->peer().ip);
           });
}

net::Task<Result<Response>> HttpConnection::handle_own(const Target& target) {
    const RequestHead& head = parser_.head();
    if (!is_read(head.method)) {
        co_return bad_method({Method::get}, head.method == Method::options);
    }
    BULLA_CO_CHECK(co_await read_body(0));
    const std::string path = target.path();
    if (path == "/health") {
        const auto health = co_await net::on_work_pool([this] { return context_.health(); });
        co_return make_health(health, is_local());
    }
    if (path == "/metrics") {
        if (!may_read_metrics()) {
            const Credentials credentials = find_credentials(head, tls_);
            const auto found = co_await net::on_work_pool([&] {
                return context_.backend.authenticate(
                    credentials.secret, credentials.is_token, services::Activity::counts);
            });
            BULLA_CO_CHECK(found);
            BULLA_CO_CHECK(context_.backend.check(found->principal, "status", {}));
        }
        Response response =
            make_text(co_await net::on_work_pool([this] { return context_.metrics_text(); }));
        response.media_type = "text/plain; version=0.0.4; charset=utf-8";
        co_return response;
    }
    if (target.segments.front() == ".well-known") {
        co_return not_found();
    }
    co_return serve_asset(context_.assets, path, head);
}

net::Task<Result<Response>> HttpConnection::handle_api(const Target& target) {
    const RequestHead& head = parser_.head();
    const std::span<const std::string> all = target.segments;
    if (all.size() < 3 || all[1] != "v1") {
        co_return not_found();
    }
    if (all.size() == 3 && all[2] == "openapi.yaml" && is_read(head.method)) {
        Response response;
        response.media_type = "application/yaml";
        response.fixed = api_description();
        co_return response;
    }
    RouteMatch match = match_route(head.method, all.subspan(2));
    if (match.allowed.empty()) {
        co_return not_found();
    }
    if (match.route == nullptr) {
        co_return bad_method(std::move(match.allowed), head.method == Method::options);
    }
    co_return co_await run_api(*match.route, target, std::move(match.arguments));
}

net::Task<Result<Response>> HttpConnection::run_api(const Route& route,
                                                    const Target& target,
                                                    nlohmann::json arguments) {
    const RequestHead& head = parser_.head();
    const Credentials credentials = find_credentials(head, tls_);
    if (!is_read(head.method)) {
        BULLA_CO_CHECK(check_same_site(head, credentials, tls_, !route.options.open));
    }
    BULLA_CO_CHECK(add_query(route, target, arguments));
    const BodyKind body = route.options.body;
    if (body == BodyKind::json && head.has_body && !has_media_type(head, "application/json")) {
        co_return fail("http.bad_media_type",
                       Fault::sender,
                       "The body must be application/json.",
                       "RFC 9110 15.5.16");
    }
    Exchange exchange{.backend = context_.backend,
                      .route = route,
                      .head = head,
                      .arguments = std::move(arguments),
                      .secret = credentials.is_token ? std::string() : credentials.secret,
                      .token = credentials.is_token ? credentials.secret : std::string(),
                      .client = stream_->peer().ip.text(),
                      .tls = tls_,
                      .activity = activity_of(head, route, credentials.is_token)};
    if (body == BodyKind::octets || route.options.stream) {
        // Who asks, and whether they may, comes before what may be large or last.
        BULLA_CO_CHECK(co_await check_access(exchange));
        if (body == BodyKind::octets) {
            BULLA_CO_CHECK(co_await take_memory(context_.console.upload_bytes));
        }
    }
    BULLA_CO_CHECK(co_await read_body(body == BodyKind::octets ? context_.console.upload_bytes
                                      : body == BodyKind::json ? route.options.most_octets
                                                               : 0));
    std::string bytes = parser_.take_body();
    const auto added = add_body(route, bytes, exchange.arguments);
    if (route.options.dear) {
        // It may hold a password.
        wipe(bytes.data(), bytes.size());
        wipe(buffer_.data(), buffer_.size());
    }
    BULLA_CO_CHECK(added);
    if (route.options.stream) {
        viewer_ = exchange.credential;
        viewer_secret_ = credentials.secret;
        viewer_is_token_ = credentials.is_token;
    }
    co_return co_await on_pool(std::move(exchange));
}

net::Task<HttpConnection::Outcome> HttpConnection::check_access(Exchange& exchange) {
    co_return co_await net::on_work_pool([&]() -> Result<void> {
        BULLA_CHECK(authenticate(exchange));
        return context_.backend.check(
            exchange.credential->principal, exchange.route.call, exchange.arguments);
    });
}

net::Task<Result<Response>> HttpConnection::on_pool(Exchange exchange) {
    const auto& options = exchange.route.options;
    if (!options.dear && !options.waits) {
        co_return co_await net::on_work_pool([&exchange] { return run_route(exchange); });
    }
    // Out of the way of the mail; a flood of them waits in no long line.
    auto& inside = options.dear ? shared_->logins : shared_->waiting;
    if (inside.fetch_add(1) >= max_aside) {
        inside.fetch_sub(1);
        co_return refuse_busy(options.dear);
    }
    const auto start = [&exchange, dear = options.dear](std::function<void(Response)> done) {
        auto& runtime = net::detail::current_runtime();
        auto work = [&exchange, done = std::move(done)] { done(run_route(exchange)); };
        dear ? runtime.post_long_work(std::move(work)) : runtime.post_waiting_work(std::move(work));
    };
    auto response = co_await net::async<Response>(start);
    inside.fetch_sub(1);
    co_return response;
}

std::unexpected<Error> HttpConnection::refuse_busy(bool dear) {
    context_.metrics.add(dear ? HttpMetric::busy_logins : HttpMetric::busy_waits);
    auto busy = dear ? fail("auth.busy",
                            Fault::temporary,
                            "Too many are logging in at once: try again in 5 s.")
                     : fail("dns.busy",
                            Fault::temporary,
                            "Too many questions wait for the DNS at once: try again in 5 s.");
    busy.error().retry_after = 5;
    return busy;
}

}  // namespace bulla::api

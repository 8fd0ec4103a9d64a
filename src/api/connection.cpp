#include "api/connection.h"

#include "base/log.h"

#include <algorithm>
#include <array>
#include <exception>
#include <fmt/format.h>
#include <utility>

namespace bulla::api {

namespace {

constexpr std::size_t read_size = 16U << 10U;
// What a client may still send of a refused request while it reads the answer.
constexpr std::size_t drained_octets = 256U << 10U;

bool is_connection_error(const Error& error) {
    return error.code.starts_with("net.") || error.code.starts_with("tls.");
}

std::chrono::milliseconds span_of(std::size_t octets, const HttpTimes& times) {
    return std::chrono::milliseconds(octets * 1000 / times.rate);
}

}  // namespace

HttpConnection::HttpConnection(const HttpContext& context,
                               std::unique_ptr<net::Stream> stream,
                               std::shared_ptr<HttpShared> shared,
                               bool tls)
    : context_(context),
      stream_(std::move(stream)),
      shared_(std::move(shared)),
      tls_(tls),
      parser_(context.limits) {
    stopping_ = !shared_->enter(*this);
    context_.metrics.add(HttpMetric::connections);
    context_.metrics.add(HttpMetric::open_connections);
}

HttpConnection::~HttpConnection() {
    release_memory();
    shared_->leave(*this);
    context_.metrics.subtract(HttpMetric::open_connections);
}

net::Task<void> HttpConnection::run(std::shared_ptr<HttpConnection> self) {
    net::Runtime::spawn_here(watch_stop(self), "http stop");
    try {
        if (const auto served = co_await self->serve(); !served) {
            self->count(served.error());
            co_await self->refuse(served.error());
        }
    } catch (const std::exception& error) {
        log::error("http.failed",
                   {{"client", self->stream_->peer().text()}, {"error", error.what()}});
    }
    self->ended_ = true;
    self->stream_->close();
    self->place_ = {};
    self->stop_.notify();
}

net::Task<void> HttpConnection::watch_stop(std::shared_ptr<HttpConnection> self) {
    while (!co_await self->stop_.wait_until(net::no_deadline)) {
    }
    if (self->ended_) {
        co_return;
    }
    self->stopping_ = true;
    if (self->idle_) {
        self->stream_->close();
    }
}

net::Task<HttpConnection::Outcome> HttpConnection::serve() {
    BULLA_CO_CHECK(co_await begin());
    while (!stopping_) {
        BULLA_CO_CHECK(co_await read_head());
        if (!parser_.has_head()) {
            break;
        }
        context_.metrics.add(HttpMetric::requests);
        const RequestHead& head = parser_.head();
        keep_alive_ = head.keep_alive;
        body_read_ = false;
        auto response = co_await handle();
        release_memory();
        if (!response && is_connection_error(response.error())) {
            co_return std::unexpected(std::move(response).error());
        }
        if (!response) {
            count(response.error());
            response = make_problem(response.error());
        }
        // What is left of a body that nobody wanted would be read as the next request.
        keep_alive_ = keep_alive_ && (body_read_ || !head.has_body) && !stopping_;
        BULLA_CO_CHECK(co_await respond(*response));
        if (!keep_alive_ || response->close) {
            co_await drain();
            break;
        }
        if (!body_read_) {
            BULLA_CO_CHECK(parser_.accept_body(0));
        }
        idle_ = true;
        BULLA_CO_CHECK(parser_.next());
    }
    co_return Outcome{};
}

// A place for the connection, and TLS.
net::Task<HttpConnection::Outcome> HttpConnection::begin() {
    const net::Endpoint& peer = stream_->peer();
    stream_->set_deadline(net::after(context_.times.header));
    const auto refusal = shared_->places.enter(
        peer.ip, context_.console.connections, context_.console.connections_per_client);
    if (refusal == gateway::ConnectionLimits::Refusal::none) {
        place_ = gateway::ConnectionPlace(shared_->places, peer.ip);
    }
    const bool total = refusal == gateway::ConnectionLimits::Refusal::total;
    if (refusal != gateway::ConnectionLimits::Refusal::none) {
        context_.metrics.add(total ? HttpMetric::refused_total : HttpMetric::refused_client);
        if (tls_) {
            // No handshake for whom we refuse: it would cost more than the answer is worth.
            co_return fail("net.closed", Fault::temporary, "There are too many connections.");
        }
    }
    if (tls_) {
        const auto tls = context_.tls == nullptr ? nullptr : context_.tls->current();
        if (!tls) {
            co_return fail("tls.handshake", Fault::us, "There is no certificate yet.");
        }
        BULLA_CO_CHECK(co_await stream_->start_tls_server(*tls));
    }
    if (refusal == gateway::ConnectionLimits::Refusal::none) {
        co_return Outcome{};
    }
    co_return fail("http.too_many_connections",
                   Fault::temporary,
                   total ? "There are too many connections; try again later."
                         : "There are too many connections from your address.");
}

net::Task<HttpConnection::Outcome> HttpConnection::read_some() {
    buffer_.resize(read_size);
    BULLA_CO_TRY(size, co_await stream_->read_some(buffer_));
    if (size == 0) {
        co_return fail("net.reset", Fault::temporary, "The client closed the connection.");
    }
    co_return parser_.feed(std::string_view(buffer_.data(), size));
}

// Returns without a head if the client has gone between two requests. One deadline a head, not a read: a client that sends an octet now
// and then gains no time.
net::Task<HttpConnection::Outcome> HttpConnection::read_head() {
    if (!parser_.has_begun() && !parser_.has_head()) {
        idle_ = true;
        stream_->set_deadline(net::after(context_.times.idle));
        const auto first = co_await read_some();
        idle_ = false;
        if (!first) {
            // Nobody asked for anything: there is nobody to tell.
            co_return is_connection_error(first.error()) ? Outcome{} : first;
        }
    }
    idle_ = false;
    stream_->set_deadline(net::after(context_.times.header));
    while (!parser_.has_head()) {
        BULLA_CO_CHECK(co_await read_some());
    }
    co_return Outcome{};
}

net::Task<HttpConnection::Outcome> HttpConnection::take_memory(std::uint64_t most) {
    const RequestHead& head = parser_.head();
    const std::uint64_t wanted = std::min(head.body_bytes.value_or(most), most);
    const std::uint64_t before = shared_->body_octets.fetch_add(wanted);
    memory_ = wanted;
    context_.metrics.add(HttpMetric::body_octets, wanted);
    if (before + wanted > context_.console.memory_bytes) {
        context_.metrics.add(HttpMetric::no_memory);
        release_memory();
        co_return fail("http.no_memory",
                       Fault::temporary,
                       "Too much is being sent up at once; try again in a moment.");
    }
    co_return Outcome{};
}

void HttpConnection::release_memory() {
    shared_->body_octets.fetch_sub(memory_);
    context_.metrics.subtract(HttpMetric::body_octets, memory_);
    memory_ = 0;
}

net::Task<HttpConnection::Outcome> HttpConnection::read_body(std::uint64_t most) {
    const auto begun = std::chrono::steady_clock::now();
    BULLA_CO_CHECK(parser_.accept_body(most));
    if (!parser_.is_done() && parser_.head().expects_continue) {
        BULLA_CO_CHECK(co_await stream_->write_one("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    while (!parser_.is_done()) {
        // A client earns its time by what it sends.
        stream_->set_deadline(begun + context_.times.body +
                              span_of(parser_.body_bytes(), context_.times));
        BULLA_CO_CHECK(co_await read_some());
    }
    body_read_ = true;
    co_return Outcome{};
}

net::Task<HttpConnection::Outcome> HttpConnection::respond(const Response& response) {
    count(response);
    const RequestHead& head = parser_.head();
    keep_alive_ = keep_alive_ && !response.is_events;
    const std::string text = write_head(
        response,
        {.now = context_.clock.now(),
         .http11 = head.http11,
         .keep_alive = keep_alive_,
         .strict_transport = tls_ && context_.strict_transport && context_.strict_transport()});
    // RFC 9110 9.3.2: "The HEAD method is identical to GET except that the server MUST NOT send content in the response."
    const bool bare = head.method == Method::head || response.is_events;
    const std::string_view content = bare ? std::string_view{} : response.content();
    stream_->set_deadline(
        net::after(context_.times.idle + span_of(content.size(), context_.times)));
    const std::array<std::string_view, 2> pieces{text, content};
    BULLA_CO_CHECK(co_await stream_->write(pieces));
    if (response.is_events && head.method != Method::head) {
        co_return co_await stream_events();
    }
    co_return Outcome{};
}

// The last answer of a connection whose request could not be read.
net::Task<void> HttpConnection::refuse(const Error& error) {
    Error told = error;
    if (error.code == "net.timeout" && parser_.has_begun()) {
        told = {.code = "http.timeout",
                .fault = Fault::sender,
                .text = "The request took too long to come."};
    } else if (is_connection_error(error)) {
        co_return;
    }
    Response response = make_problem(told);
    response.close = true;
    count(response);
    const std::string text =
        write_head(response, {.now = context_.clock.now(), .keep_alive = false}) + response.body;
    stream_->set_deadline(net::after(context_.times.drain));
    if (co_await stream_->write_one(text)) {
        co_await drain();
    }
}

// Closing while octets wait to be read would reset the connection, and the client might never see the answer.
net::Task<void> HttpConnection::drain() {
    idle_ = true;
    if (stopping_ || (parser_.has_head() && (body_read_ || !parser_.head().has_body))) {
        co_return;
    }
    stream_->set_deadline(net::after(context_.times.drain));
    buffer_.resize(read_size);
    std::size_t total = 0;
    while (total < drained_octets) {
        const auto size = co_await stream_->read_some(buffer_);
        if (!size || *size == 0) {
            break;
        }
        total += *size;
    }
}

net::Task<HttpConnection::Outcome> HttpConnection::write_event(std::string text) {
    stream_->set_deadline(net::after(context_.times.idle));
    if (!parser_.head().http11) {
        co_return co_await stream_->write_one(text);
    }
    const std::string size = fmt::format("{:x}\r\n", text.size());
    const std::array<std::string_view, 3> pieces{size, text, "\r\n"};
    co_return co_await stream_->write(pieces);
}

// Whoever has logged out meanwhile, was idle for too long or has another role, sees no more. Nobody was seen at the other end: to look on is no
// use of the session.
net::Task<bool> HttpConnection::may_still_look_on(directory::AccountRole role) {
    co_return co_await net::on_work_pool([this, role] {
        const auto now = context_.backend.authenticate(
            viewer_secret_, viewer_is_token_, services::Activity::none);
        return now && now->principal.role == role && !now->principal.must_change_password;
    });
}

net::Task<HttpConnection::Outcome> HttpConnection::stream_events() {
    using directory::AccountRole;
    const auto credential = std::exchange(viewer_, std::nullopt).value_or(services::Credential{});
    const auto role = credential.principal.role;
    const auto filter = [role](const Audience& audience) {
        return audience.everybody || role == AccountRole::admin || role == AccountRole::auditor;
    };
    const auto viewer = context_.events.join(filter);
    context_.metrics.add(HttpMetric::viewers);
    auto outcome = co_await write_event("retry: 2000\n\n");
    auto look_again = net::after(context_.times.heartbeat);
    auto trusted_until = net::after(context_.times.trust);
    while (outcome && !viewer->is_stopped() && !stopping_) {
        co_await viewer->wait_until(look_again);
        std::string events = viewer->take();
        const auto now = net::after({});
        if (now >= look_again || (!events.empty() && now >= trusted_until)) {
            if (!co_await may_still_look_on(role)) {
                break;
            }
            trusted_until = net::after(context_.times.trust);
            if (now >= look_again) {
                look_again = net::after(context_.times.heartbeat);
                events += ": still there\n\n";
            }
        }
        outcome = events.empty() ? outcome : co_await write_event(std::move(events));
    }
    context_.events.leave(viewer);
    context_.metrics.subtract(HttpMetric::viewers);
    if (outcome && parser_.head().http11) {
        outcome = co_await stream_->write_one("0\r\n\r\n");
    }
    co_return outcome;
}

void HttpConnection::count(const Response& response) {
    constexpr std::array classes{HttpMetric::answers_2xx,
                                 HttpMetric::answers_3xx,
                                 HttpMetric::answers_4xx,
                                 HttpMetric::answers_5xx};
    const auto index = static_cast<std::size_t>(response.status / 100 - 2);
    context_.metrics.add(classes.at(index));
}

void HttpConnection::count(const Error& error) {
    struct Row {
        std::string_view code;
        HttpMetric metric;
    };

    constexpr std::array rows{Row{"net.timeout", HttpMetric::timeouts},
                              Row{"tls.handshake", HttpMetric::tls_failures},
                              Row{"http.head_too_large", HttpMetric::head_too_large},
                              Row{"http.target_too_long", HttpMetric::target_too_long},
                              Row{"http.body_too_large", HttpMetric::body_too_large},
                              Row{"http.wrong_host", HttpMetric::wrong_host},
                              Row{"http.csrf", HttpMetric::csrf}};
    if (const auto row = std::ranges::find(rows, error.code, &Row::code); row != rows.end()) {
        context_.metrics.add(row->metric);
    }
}

}  // namespace bulla::api

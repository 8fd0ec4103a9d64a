#include "gateway/doors/smtp_connection.h"

#include "base/log.h"
#include "directory/postmaster.h"
#include "gateway/flow.h"
#include "smtp/proxy.h"
#include "smtp/replies.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace bulla::gateway {

namespace {

constexpr std::size_t read_size = 64U << 10U;
// Beyond the session's time a transaction may still end; this is how long.
constexpr std::chrono::minutes session_grace{10};
constexpr std::chrono::seconds last_words_limit{5};

mail::Role role_of(config::ListenerRole role) {
    switch (role) {
        case config::ListenerRole::submission:
            return mail::Role::submission;
        case config::ListenerRole::relay:
            return mail::Role::relay;
        case config::ListenerRole::filter:
        case config::ListenerRole::milter:
            return mail::Role::filter;
        case config::ListenerRole::inbound:
            break;
    }
    return mail::Role::inbound;
}

smtp::Reply to_smtp(const Reply& reply) {
    return {.code = reply.code, .enhanced = reply.enhanced, .text = reply.text};
}

bool contains(const std::vector<Cidr>& networks, const Ip& ip) {
    return std::ranges::any_of(networks, [&](const Cidr& cidr) { return cidr.contains(ip); });
}

Ip loopback() {
    std::array<std::uint8_t, 16> bytes{};
    bytes[15] = 1;
    return Ip(bytes);
}

}  // namespace

SmtpConnection::SmtpConnection(const DoorContext& context,
                               std::shared_ptr<const config::Listener> listener,
                               std::unique_ptr<net::Stream> stream,
                               std::shared_ptr<DoorSessions<SmtpConnection>> sessions)
    : context_(context),
      listener_(std::move(listener)),
      stream_(std::move(stream)),
      sessions_(std::move(sessions)),
      snapshot_(context_.snapshots.current()),
      limits_(snapshot_->config.limits),
      session_end_(net::after(std::chrono::seconds(limits_.session_seconds))) {
    stopping_ = !sessions_->enter(*this);
    context_.metrics.add(Metric::smtp_connections);
    context_.metrics.add(Metric::smtp_sessions);
}

SmtpConnection::~SmtpConnection() {
    sessions_->leave(*this);
    context_.metrics.subtract(Metric::smtp_sessions);
}

net::Task<void> SmtpConnection::run(std::shared_ptr<SmtpConnection> self) {
    net::Runtime::spawn_here(watch_stop(self), "smtp stop");
    try {
        const auto served = co_await self->serve();
        if (!served) {
            self->note_end(served.error());
            if (served.error().code == "net.timeout") {
                co_await self->send_away();
            }
        }
    } catch (const std::exception& error) {
        log::error("smtp.failed",
                   {{"client", self->stream_->peer().text()}, {"error", error.what()}});
    }
    self->ended_ = true;
    self->stream_->close();
    self->count_limits();
    self->session_.reset();
    self->place_ = {};
    self->stop_.notify();
}

void SmtpConnection::note_end(const Error& error) {
    const bool timeout = error.code == "net.timeout";
    context_.metrics.add(timeout ? Metric::smtp_timeouts : Metric::smtp_lost_connections);
    log::info(timeout ? "smtp.timeout" : "smtp.lost",
              {{"client", stream_->peer().text()}, {"error", std::string(error.code)}});
}

void SmtpConnection::count_limits() {
    if (!session_) {
        return;
    }
    const auto hits = session_->take_limit_hits();
    for (std::size_t i = 0; i < hits.size(); ++i) {
        if (hits[i] > 0) {
            context_.metrics.add(metric_of(static_cast<smtp::Limit>(i)), hits[i]);
        }
    }
}

net::Task<void> SmtpConnection::send_away() {
    // RFC 5321 3.8: a server may close with 421 when it must; a client that took too long learns at what.
    if (!session_ || !silent_) {
        co_return;
    }
    session_->abort(std::chrono::steady_clock::now() > session_end_
                        ? smtp::replies::session_too_long()
                    : session_->wait() == smtp::Wait::data ? smtp::replies::message_too_slow()
                                                           : smtp::replies::silent_too_long());
    stream_->set_deadline(net::after(last_words_limit));
    static_cast<void>(co_await stream_->write_one(session_->take_output()));
}

net::Task<void> SmtpConnection::watch_stop(std::shared_ptr<SmtpConnection> self) {
    while (!co_await self->stop_.wait_until(net::no_deadline)) {
    }
    if (self->ended_) {
        co_return;
    }
    self->stopping_ = true;
    if (!self->session_) {
        self->stream_->close();
        co_return;
    }
    self->session_->stop();
    // A client that says nothing would not learn of it: tell it now. In a transaction, or while we work, the session itself will.
    if (self->reading_ && !self->session_->in_transaction() &&
        self->session_->wait() == smtp::Wait::command) {
        const std::string last_words =
            self->session_->next() == smtp::Event::closed ? self->session_->take_output() : "";
        static_cast<void>(co_await self->stream_->write_one(last_words));
        self->stream_->close();
    }
}

smtp::ServerOptions SmtpConnection::make_options(const Ip& client, bool proxy) const {
    const bool submits = listener_->role == config::ListenerRole::submission ||
                         listener_->role == config::ListenerRole::relay;
    smtp::ServerOptions options;
    options.hostname = snapshot_->config.hostname;
    options.role = role_of(listener_->role);
    options.client = client;
    options.proxy = proxy;
    options.tls_summary = stream_->tls_summary();
    options.starttls =
        listener_->tls == config::ListenerTls::starttls && context_.tls.current() != nullptr;
    options.auth = submits;
    options.postmaster = directory::find_postmaster(*snapshot_);
    options.memory = &context_.limits.memory;
    options.limits.command_octets = limits_.command_octets;
    options.limits.auth_octets = limits_.auth_octets;
    options.limits.skipped_octets = limits_.skipped_octets;
    options.limits.dropped_octets = limits_.dropped_bytes;
    options.limits.refusals = limits_.session_refusals;
    options.limits.idle_commands = limits_.session_idle_commands;
    options.limits.recipients = limits_.recipients;
    options.limits.errors = limits_.session_errors;
    options.limits.transactions = limits_.session_messages;
    options.limits.auth_attempts = limits_.auth_attempts;
    options.limits.data = {.message_bytes = limits_.message_bytes,
                           .line_bytes = limits_.line_octets - 2,  // the setting counts CRLF
                           .repair = snapshot_->settings.repair_newlines};
    options.limits.header = {.bytes = limits_.header_bytes,
                             .fields = limits_.header_fields,
                             .received = limits_.received_fields};
    return options;
}

// What comes before the first event: PROXY and TLS where the listener has them from the first octet.
net::Task<Result<void>> SmtpConnection::begin() {
    const net::Endpoint& peer = stream_->peer();
    Ip client = peer.is_unix() ? loopback() : peer.ip;
    stream_->set_deadline(net::after(std::chrono::seconds(limits_.command_seconds)));
    // Before any octet is read: connections that say nothing are limited too. Who stands behind a proxy is known later.
    if (const auto refusal = take_place(client, listener_->proxy_protocol)) {
        std::string line;
        smtp::write_reply(line, *refusal);
        static_cast<void>(co_await stream_->write_one(line));
        co_return Result<void>{};
    }
    if (listener_->proxy_protocol && !contains(listener_->proxy_hosts, client)) {
        co_return fail("smtp.proxy_not_listed",
                       Fault::sender,
                       "The client is not among the proxies of this listener.");
    }
    const bool implicit = listener_->tls == config::ListenerTls::implicit;
    if (implicit) {
        if (listener_->proxy_protocol) {
            BULLA_CO_CHECK(co_await read_proxy_before_tls(client));
        }
        BULLA_CO_CHECK(co_await start_tls());
    }
    session_ = std::make_unique<smtp::ServerSession>(
        make_options(client, listener_->proxy_protocol && !implicit));
    if (stopping_) {
        session_->stop();
    }
    co_return Result<void>{};
}

// One octet at a time, as what follows belongs to the handshake.
net::Task<Result<void>> SmtpConnection::read_proxy_before_tls(Ip& client) {
    std::string header;
    for (;;) {
        char octet = 0;
        BULLA_CO_TRY(count, co_await stream_->read_some(std::span(&octet, 1)));
        if (count == 0) {
            co_return fail(
                "net.reset", Fault::temporary, "The connection ended in the PROXY header.");
        }
        header.push_back(octet);
        BULLA_CO_TRY(parsed, smtp::parse_proxy(header));
        if (parsed) {
            client = parsed->client.value_or(client);
            co_return Result<void>{};
        }
    }
}

net::Task<Result<void>> SmtpConnection::serve() {
    BULLA_CO_CHECK(co_await begin());
    if (!session_) {
        co_return Result<void>{};
    }
    for (;;) {
        const smtp::Event event = session_->next();
        if (event == smtp::Event::closed) {
            co_return co_await flush();
        }
        BULLA_CO_CHECK(co_await handle(event));
    }
}

net::Task<Result<void>> SmtpConnection::handle(smtp::Event event) {
    switch (event) {
        case smtp::Event::connected:
            co_await greet();
            break;
        case smtp::Event::mail:
            decide_mail();
            break;
        case smtp::Event::recipient:
            decide_rcpt();
            break;
        case smtp::Event::data:
            session_->answer({.code = 354, .enhanced = "", .text = ""});
            break;
        case smtp::Event::message:
            co_await deliver();
            break;
        case smtp::Event::auth:
            co_await log_in();
            break;
        case smtp::Event::start_tls:
            BULLA_CO_CHECK(co_await flush());
            BULLA_CO_CHECK(co_await start_tls());
            session_->start_tls_done(stream_->tls_summary());
            break;
        case smtp::Event::need_input:
            set_deadline();
            BULLA_CO_CHECK(co_await flush());
            co_return co_await read();
        case smtp::Event::closed:
            break;
    }
    co_return Result<void>{};
}

// One deadline a command (RFC 5321 4.5.3.2), not a read: a client that sends an octet now and then gains no time.
void SmtpConnection::set_deadline() {
    if (epoch_ == session_->epoch()) {
        return;
    }
    epoch_ = session_->epoch();
    const bool data = session_->wait() == smtp::Wait::data;
    const auto span = std::chrono::seconds(data ? limits_.data_seconds : limits_.command_seconds);
    const auto now = std::chrono::steady_clock::now();
    if (now > session_end_) {
        session_->end_of_time();
    }
    stream_->set_deadline(std::min(now + span, session_end_ + session_grace));
}

net::Task<Result<void>> SmtpConnection::flush() {
    if (session_->has_output()) {
        const std::string output = session_->take_output();
        co_return co_await stream_->write_one(output);
    }
    co_return Result<void>{};
}

net::Task<Result<void>> SmtpConnection::read() {
    buffer_.resize(read_size);
    reading_ = true;
    const auto count = co_await stream_->read_some(buffer_);
    reading_ = false;
    if (!count) {
        silent_ = count.error().code == "net.timeout";
        // The stop closed the stream: that is an end in good order.
        if (stopping_ && count.error().code == "net.closed") {
            session_->abort({.code = 421, .enhanced = "4.3.2", .text = ""});
            static_cast<void>(session_->take_output());
            co_return Result<void>{};
        }
        co_return std::unexpected(count.error());
    }
    if (*count == 0) {
        co_return fail(
            "net.reset", Fault::temporary, "The client closed the connection without QUIT.");
    }
    const bool secret = session_->wait() != smtp::Wait::data;
    session_->receive(std::string_view(buffer_.data(), *count));
    if (secret) {
        wipe(buffer_.data(), *count);
    }
    co_return Result<void>{};
}

net::Task<Result<void>> SmtpConnection::start_tls() {
    const auto tls = context_.tls.current();
    if (!tls) {
        co_return fail("tls.handshake", Fault::us, "There is no certificate yet.");
    }
    auto done = co_await stream_->start_tls_server(*tls);
    context_.metrics.add(done ? Metric::smtp_tls_handshakes : Metric::smtp_failed_tls_handshakes);
    co_return done;
}

// Counts the connection as one of `client`, instead of what it counted as before. The reply if there are too many.
std::optional<smtp::Reply> SmtpConnection::take_place(const Ip& client, bool is_proxy) {
    place_ = {};
    const std::size_t client_limit =
        is_proxy ? limits_.connections : limits_.connections_per_client;
    switch (context_.limits.connections.enter(client, limits_.connections, client_limit)) {
        case ConnectionLimits::Refusal::none:
            place_ = ConnectionPlace(context_.limits.connections, client);
            return std::nullopt;
        case ConnectionLimits::Refusal::total:
            context_.metrics.add(Metric::smtp_refused_connections_total);
            return smtp::Reply{421, "4.7.0", "Too many connections, try again later"};
        case ConnectionLimits::Refusal::client:
            break;
    }
    context_.metrics.add(Metric::smtp_refused_connections_client);
    return smtp::Reply{421, "4.7.0", "Too many connections from your address"};
}

// RFC 5321 4.4: the Received field tells the name "obtained through a reverse lookup". Nobody asks for the names of our own hosts.
net::Task<std::string> SmtpConnection::find_name(Ip client) const {
    const auto& settings = snapshot_->settings;
    if (!context_.find_client_name || !settings.reverse_dns || client.is_loopback() ||
        contains(settings.trusted_networks, client)) {
        co_return std::string{};
    }
    co_return co_await context_.find_client_name(client);
}

net::Task<void> SmtpConnection::greet() {
    const Ip client = session_->envelope().client;
    // Again after XCLIENT: the place is already taken, and the other server stays the one that is listed.
    if (may_forward_) {
        session_->accept_client({.name = "", .may_forward = may_forward_.value_or(false)});
        co_return;
    }
    if (listener_->proxy_protocol) {
        if (const auto refusal = take_place(client, false)) {
            session_->answer(*refusal);
            co_return;
        }
    }
    may_forward_ = contains(listener_->xforward_hosts, client);
    may_hand_over_ =
        may_forward_.value_or(false) || (listener_->xforward_hosts.empty() && client.is_loopback());
    session_->accept_client(
        {.name = co_await find_name(client), .may_forward = may_forward_.value_or(false)});
}

void SmtpConnection::decide_mail() {
    snapshot_ = context_.snapshots.current();
    session_->set_trusted_network(
        contains(snapshot_->settings.trusted_networks, session_->envelope().client));
    auto refusal = decide_sender(*snapshot_, session_->envelope());
    // A filter takes any recipient, for the server before it has decided: from anybody else that would be an open relay.
    if (!refusal && listener_->role == config::ListenerRole::filter && !may_hand_over_) {
        refusal = make_reply({.code = "sender.relay_denied",
                              .fault = Fault::sender,
                              .text = "Only mail servers that are named here may hand mail over"});
    }
    if (refusal) {
        context_.metrics.add(Metric::smtp_refused_senders);
        session_->answer(to_smtp(*refusal));
        return;
    }
    session_->answer({.code = 250, .enhanced = "2.1.0", .text = "Sender OK"});
}

void SmtpConnection::decide_rcpt() {
    const Mailbox& mailbox = session_->recipient().mailbox;
    if (const auto refusal = decide_recipient(*snapshot_, session_->envelope(), mailbox)) {
        context_.metrics.add(Metric::smtp_refused_recipients);
        session_->answer(to_smtp(*refusal));
        return;
    }
    session_->answer({.code = 250, .enhanced = "2.1.5", .text = "Recipient OK"});
}

void SmtpConnection::count_message(const Reply& reply, std::size_t octets) {
    if (reply.code < 400) {
        context_.metrics.add(Metric::smtp_messages);
        context_.metrics.add(Metric::smtp_message_octets, octets);
    } else {
        context_.metrics.add(reply.code < 500 ? Metric::smtp_deferred_messages
                                              : Metric::smtp_refused_messages);
    }
}

net::Task<void> SmtpConnection::deliver() {
    smtp::Submission submission = session_->take_message();
    const MemoryLease lease(context_.limits.memory, submission.text.charged);
    const std::size_t octets = submission.text.bytes.size();
    // Our own work is not the client's time.
    stream_->set_deadline(net::no_deadline);
    auto start = [&](std::function<void(Reply)> done) {
        context_.submit(
            std::move(submission.envelope), std::move(submission.text.bytes), std::move(done));
    };
    const Reply reply = co_await net::async<Reply>(start);
    count_message(reply, octets);
    epoch_.reset();
    stream_->set_deadline(net::after(std::chrono::seconds(limits_.command_seconds)));
    session_->answer(to_smtp(reply));
}

}  // namespace bulla::gateway

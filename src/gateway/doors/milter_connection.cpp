#include "gateway/doors/milter_connection.h"

#include "base/log.h"
#include "milter/replies.h"
#include "smtp/header_check.h"
#include "smtp/refusals.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <fmt/format.h>
#include <utility>

namespace bulla::gateway {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_size = 64U << 10U;
// A mail server says nothing while its client thinks, be it for an hour in the middle of a message: it waits itself, and limits that.
constexpr auto longest_silence = 2h;
// Mail servers wait for a filter for five minutes and more; a word now and then tells them that we are at work.
constexpr auto progress_every = 20s;
constexpr auto write_time = 60s;
// Smaller messages are not worth the counting of every piece.
constexpr std::size_t charge_at_once = 64U << 10U;

bool contains(const std::vector<Cidr>& networks, const Ip& ip) {
    return std::ranges::any_of(networks, [&](const Cidr& cidr) { return cidr.contains(ip); });
}

Ip client_of(const net::Endpoint& peer) {
    if (!peer.is_unix()) {
        return peer.ip;
    }
    std::array<std::uint8_t, 16> bytes{};
    bytes.back() = 1;
    return Ip(bytes);
}

milter::Verdict to_verdict(const Reply& reply) {
    return {.kind = milter::Verdict::Kind::refuse,
            .code = reply.code,
            .enhanced = reply.enhanced,
            .text = reply.text};
}

Reply reply_of(smtp::Refusal refusal) {
    const auto reply = smtp::make_reply(refusal);
    return {.code = reply.code, .enhanced = reply.enhanced, .text = reply.text};
}

Reply reply_of(milter::Flaw flaw) {
    switch (flaw) {
        case milter::Flaw::bare_newline:
            return reply_of(smtp::Refusal::bare_newline);
        case milter::Flaw::nul_octet:
            return reply_of(smtp::Refusal::nul_octet);
        case milter::Flaw::line_too_long:
            return reply_of(smtp::Refusal::line_too_long);
        case milter::Flaw::too_big:
            return reply_of(smtp::Refusal::message_too_big);
        case milter::Flaw::header_too_big:
            return reply_of(smtp::Refusal::header_too_big);
        case milter::Flaw::too_many_fields:
            return reply_of(smtp::Refusal::too_many_fields);
        case milter::Flaw::no_memory:
            return reply_of(smtp::Refusal::no_memory);
        case milter::Flaw::bad_field:
            break;
    }
    return make_reply({.code = "milter.bad_field",
                       .fault = Fault::sender,
                       .text = "Message has a header field that is none"});
}

}  // namespace

/// What the flow says, and the word that it did.
struct MilterConnection::Waiting {
    HandBack outcome;
    net::Event event;
};

MilterConnection::MilterConnection(const MilterContext& context,
                                   std::shared_ptr<const config::Listener> listener,
                                   std::unique_ptr<net::Stream> stream,
                                   std::shared_ptr<DoorSessions<MilterConnection>> sessions)
    : context_(context),
      listener_(std::move(listener)),
      stream_(std::move(stream)),
      sessions_(std::move(sessions)),
      snapshot_(context_.snapshots.current()),
      limits_(snapshot_->config.limits),
      session_(make_options()) {
    stopping_ = !sessions_->enter(*this);
    context_.metrics.add(Metric::milter_connections);
    context_.metrics.add(Metric::milter_sessions);
}

MilterConnection::~MilterConnection() {
    give_back();
    sessions_->leave(*this);
    context_.metrics.subtract(Metric::milter_sessions);
}

milter::Options MilterConnection::make_options() const {
    return {
        .message = {.bytes = limits_.message_bytes,
                    .header_bytes = limits_.header_bytes,
                    .fields = limits_.header_fields,
                    .line_bytes = limits_.line_octets - 2},  // the setting counts CRLF
        .recipients = limits_.recipients,
        .packet_octets = std::max<std::size_t>(limits_.header_bytes, 1U << 20U) + 1024,
        // Who is taken over needs a route for each recipient; else the mail server has decided about them.
        .ask_about_envelope = listener_->take_over,
        .hostname = snapshot_->config.hostname};
}

net::Task<void> MilterConnection::run(std::shared_ptr<MilterConnection> self) {
    net::Runtime::spawn_here(watch_stop(self), "milter stop");
    try {
        const auto served = co_await self->serve();
        const auto error = served ? self->session_.error() : std::optional(served.error());
        if (error) {
            self->context_.metrics.add(Metric::milter_lost_connections);
            log::info("milter.lost",
                      {{"peer", self->stream_->peer().text()},
                       {"error", std::string(error->code)},
                       {"reason", error->text}});
        }
    } catch (const std::exception& error) {
        log::error("milter.failed",
                   {{"peer", self->stream_->peer().text()}, {"error", error.what()}});
    }
    self->ended_ = true;
    self->stream_->close();
    self->give_back();
    self->place_ = {};
    self->stop_.notify();
}

net::Task<void> MilterConnection::watch_stop(std::shared_ptr<MilterConnection> self) {
    while (!co_await self->stop_.wait_until(net::no_deadline)) {
    }
    if (self->ended_) {
        co_return;
    }
    self->stopping_ = true;
    // What is in the middle of a message may end it; a mail server that only waits for its next client finds the connection closed.
    if (self->reading_ && !self->session_.in_message()) {
        self->stream_->close();
    }
}

// What a milter's peer says is believed, log-ins and addresses alike: over the network only who is named may say it.
bool MilterConnection::may_enter() {
    const auto& peer = stream_->peer();
    const Ip client = client_of(peer);
    if (!peer.is_unix() && !contains(listener_->xforward_hosts, client)) {
        log::warning("milter.not_listed", {{"peer", peer.text()}});
        return false;
    }
    if (context_.limits.connections.enter(client, limits_.connections, limits_.connections) !=
        ConnectionLimits::Refusal::none) {
        log::warning("milter.too_many_connections", {{"peer", peer.text()}});
        return false;
    }
    place_ = ConnectionPlace(context_.limits.connections, client);
    return true;
}

net::Task<Result<void>> MilterConnection::serve() {
    if (stopping_ || !may_enter()) {
        co_return Result<void>{};
    }
    for (;;) {
        const auto event = session_.next();
        charge();
        switch (event) {
            case milter::Event::sender:
                decide_mail();
                break;
            case milter::Event::recipient:
                decide_rcpt();
                break;
            case milter::Event::message:
                BULLA_CO_CHECK(co_await deliver());
                if (sessions_->is_stopping()) {
                    co_return Result<void>{};
                }
                break;
            case milter::Event::need_input:
                if (stopping_ && !session_.in_message()) {
                    co_return co_await flush();
                }
                BULLA_CO_CHECK(co_await flush());
                BULLA_CO_CHECK(co_await read());
                break;
            case milter::Event::closed:
                co_return co_await flush();
        }
    }
}

net::Task<Result<void>> MilterConnection::flush() {
    if (session_.has_output()) {
        stream_->set_deadline(net::after(write_time));
        const std::string output = session_.take_output();
        co_return co_await stream_->write_one(output);
    }
    co_return Result<void>{};
}

net::Task<Result<void>> MilterConnection::read() {
    buffer_.resize(read_size);
    stream_->set_deadline(net::after(longest_silence));
    reading_ = true;
    const auto count = co_await stream_->read_some(buffer_);
    reading_ = false;
    if (!count) {
        if (stopping_ && count.error().code == "net.closed") {
            co_return fail("milter.stopped", Fault::us, "the daemon stops");
        }
        co_return std::unexpected(count.error());
    }
    if (*count == 0) {
        co_return fail("net.reset", Fault::temporary, "The mail server went without a word.");
    }
    session_.receive(std::string_view(buffer_.data(), *count));
    co_return Result<void>{};
}

void MilterConnection::charge() {
    const auto held = session_.octets();
    if (held <= charged_ || held < charge_at_once || session_.is_refused()) {
        return;
    }
    if (context_.limits.memory.take(held - charged_)) {
        charged_ = held;
    } else {
        session_.refuse_for_memory();
    }
}

void MilterConnection::give_back() {
    if (charged_ > 0) {
        context_.limits.memory.give(std::exchange(charged_, 0));
    }
}

// Who sends, by the mail server's word (DESIGN: the macros decide): a log-in that an account has; else a client or a listener that is ours.
std::optional<Reply> MilterConnection::complete(mail::Envelope& envelope,
                                                std::string_view daemon_name) const {
    envelope.trusted_network =
        contains(snapshot_->settings.trusted_networks, envelope.client) ||
        (!daemon_name.empty() && std::ranges::find(listener_->trusted_daemons, daemon_name) !=
                                     listener_->trusted_daemons.end());
    if (!envelope.login || snapshot_->find_account(*envelope.login)) {
        return std::nullopt;
    }
    if (listener_->unknown_logins_trusted) {
        envelope.login.reset();
        envelope.trusted_network = true;
        return std::nullopt;
    }
    return make_reply(
        {.code = "sender.unknown_login",
         .fault = Fault::sender,
         .text = fmt::format("The log-in {} has no account at the mail archive", *envelope.login)});
}

void MilterConnection::decide_mail() {
    snapshot_ = context_.snapshots.current();
    auto envelope = session_.envelope();
    auto refusal = complete(envelope, session_.macros().find("daemon_name"));
    if (!refusal) {
        refusal = decide_sender(*snapshot_, envelope);
    }
    session_.answer(refusal ? to_verdict(*refusal) : milter::Verdict{});
}

void MilterConnection::decide_rcpt() {
    const auto refusal =
        decide_recipient(*snapshot_, session_.envelope(), session_.recipient().mailbox);
    session_.answer(refusal ? to_verdict(*refusal) : milter::Verdict{});
}

// What is wrong with a message before the flow looks at it.
std::optional<Reply> MilterConnection::judge(const milter::Submission& submission) const {
    if (submission.flaw) {
        return reply_of(*submission.flaw);
    }
    if (!submission.bad_address.empty()) {
        return make_reply({.code = "address.bad",
                           .fault = Fault::sender,
                           .text = fmt::format("<{}> is no address", submission.bad_address)});
    }
    if (submission.too_many_recipients) {
        return make_reply({.code = "milter.too_many_recipients",
                           .fault = Fault::sender,
                           .text = "Too many recipients"});
    }
    if (const auto refusal = smtp::check_header(submission.bytes,
                                                {.bytes = limits_.header_bytes,
                                                 .fields = limits_.header_fields,
                                                 .received = limits_.received_fields})) {
        return reply_of(*refusal);
    }
    return std::nullopt;
}

net::Task<Result<void>> MilterConnection::deliver() {
    snapshot_ = context_.snapshots.current();
    auto submission = session_.take_message();
    auto refusal = judge(submission);
    if (!refusal) {
        refusal = complete(submission.envelope, submission.daemon_name);
    }
    if (refusal) {
        co_return co_await tell({.reply = *refusal, .edits = {}, .settle = {}});
    }
    // Its client has been told nothing yet, and comes again: nothing may be sealed for it.
    if (stream_->is_stale()) {
        co_return fail("net.reset", Fault::temporary, "The mail server went in a message.");
    }
    const auto octets = submission.bytes.size();
    auto waiting = std::make_shared<Waiting>();
    context_.submit(std::move(submission.envelope),
                    std::move(submission.bytes),
                    {.take_over = listener_->take_over,
                     .keeps_fields = submission.is_postfix,
                     .can_change = session_.can_change()},
                    [waiting](HandBack outcome) {
                        waiting->outcome = std::move(outcome);
                        waiting->event.notify();
                    });
    auto outcome = co_await wait_for(std::move(waiting));
    if (outcome.reply.code < 400) {
        context_.metrics.add(Metric::milter_message_octets, octets);
    }
    co_return co_await tell(std::move(outcome));
}

net::Task<HandBack> MilterConnection::wait_for(std::shared_ptr<Waiting> waiting) {
    bool there = true;
    while (!co_await waiting->event.wait_until(net::after(progress_every))) {
        if (there) {
            std::string word;
            milter::progress(word);
            stream_->set_deadline(net::after(write_time));
            there = (co_await stream_->write_one(word)).has_value();
        }
    }
    co_return std::move(waiting->outcome);
}

void MilterConnection::write_edits(const Edits& edits) {
    auto& out = session_.changes();
    for (const auto& edit : edits.fields) {
        std::string_view value = edit.value;
        if (!session_.leading_space() && value.starts_with(' ')) {
            value.remove_prefix(1);
        }
        switch (edit.kind) {
            case FieldEdit::Kind::change:
                milter::change_header(out, edit.index, edit.name, value);
                break;
            case FieldEdit::Kind::add:
                milter::add_header(out, edit.name, value);
                break;
            case FieldEdit::Kind::insert:
                milter::insert_header(out, 0, edit.name, value);
                break;
        }
    }
    if (edits.body) {
        milter::replace_body(out, *edits.body);
    }
}

net::Task<Result<void>> MilterConnection::tell(HandBack answer) {
    const bool taken = answer.reply.code < 400;
    if (taken && !answer.taken_over) {
        write_edits(answer.edits);
    }
    session_.answer(!taken              ? to_verdict(answer.reply)
                    : answer.taken_over ? milter::Verdict{.kind = milter::Verdict::Kind::discard}
                                        : milter::Verdict{});
    give_back();
    Result<void> written =
        fail("net.reset", Fault::temporary, "The mail server went in a message.");
    if (!stream_->is_stale()) {
        written = co_await flush();
    }
    if (answer.settle) {
        answer.settle(written.has_value());
    }
    if (written) {
        context_.metrics.add(taken                     ? Metric::milter_messages
                             : answer.reply.code < 500 ? Metric::milter_deferred_messages
                                                       : Metric::milter_refused_messages);
        if (taken && answer.taken_over) {
            context_.metrics.add(Metric::milter_taken_over);
        }
    }
    co_return written;
}

}  // namespace bulla::gateway

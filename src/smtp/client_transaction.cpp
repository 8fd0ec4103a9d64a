#include "smtp/client_session.h"
#include "smtp/refusals.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <numeric>
#include <utility>

namespace bulla::smtp {

namespace {

// Commands that may wait for their replies at once: RFC 2920 3.1 warns of a deadlock when both sides' buffers are full.
constexpr std::size_t window = 100;
// Views given to the driver at once.
constexpr std::size_t max_views = 256;

std::uint64_t count_octets(const std::vector<std::string_view>& pieces) {
    return std::accumulate(
        pieces.begin(),
        pieces.end(),
        std::uint64_t{0},
        [](std::uint64_t sum, std::string_view piece) { return sum + piece.size(); });
}

}  // namespace

// What makes handing over pointless: one of our own replies for all recipients.
std::optional<Reply> ClientSession::find_obstacle(const Outgoing& message) const {
    // RFC 6531 3.5: "An SMTPUTF8-aware SMTP client MUST NOT send an internationalized message to an SMTP server that does not support
    // SMTPUTF8."
    if (message.smtputf8 && !capabilities_.smtputf8) {
        return make_reply(Refusal::needs_smtputf8);
    }
    // RFC 6152 3: the client must then convert the message or return it.
    if (message.eight_bit && !capabilities_.eight_bit) {
        return make_reply(Refusal::needs_8bitmime);
    }
    if (capabilities_.size && count_octets(message.pieces) > *capabilities_.size) {
        Reply reply = make_reply(Refusal::next_hop_limit);
        reply.text += fmt::format(" of {} octets", *capabilities_.size);
        return reply;
    }
    return std::nullopt;
}

void ClientSession::send(Outgoing message) {
    message_ = std::move(message);
    results_.assign(message_.recipients.size(), Reply{});
    sent_.clear();
    next_rcpt_ = 0;
    answered_rcpt_ = 0;
    mail_sent_ = false;
    mail_failed_ = false;
    data_sent_ = false;
    if (const auto obstacle = find_obstacle(message_)) {
        std::ranges::fill(results_, *obstacle);
        state_ = State::done;
        return;
    }
    if (dirty_) {
        state_ = State::reset;
        command("RSET");
        return;
    }
    begin_envelope();
}

void ClientSession::begin_envelope() {
    dirty_ = false;
    state_ = State::envelope;
    fill_window();
}

// Sends as many commands of the envelope as may be under way.
void ClientSession::fill_window() {
    const std::size_t allowed = capabilities_.pipelining ? window : 1;
    if (!mail_sent_) {
        mail_sent_ = true;
        sent_.push_back(Sent::mail);
        command(write_mail());
    }
    while (!mail_failed_ && next_rcpt_ < message_.recipients.size() && sent_.size() < allowed) {
        sent_.push_back(Sent::rcpt);
        command(write_rcpt(message_.recipients[next_rcpt_++]));
    }
    const bool all_named = next_rcpt_ == message_.recipients.size();
    if (capabilities_.pipelining && all_named && !mail_failed_ && !data_sent_ && !uses_chunks() &&
        sent_.size() < allowed) {
        data_sent_ = true;
        sent_.push_back(Sent::data);
        command("DATA");
    }
}

std::string ClientSession::write_mail() const {
    std::string line = fmt::format("MAIL FROM:<{}>", message_.from ? message_.from->text() : "");
    if (capabilities_.size) {
        line += fmt::format(" SIZE={}", count_octets(message_.pieces));
    }
    line += capabilities_.eight_bit && message_.eight_bit ? " BODY=8BITMIME" : "";
    line += message_.smtputf8 ? " SMTPUTF8" : "";
    if (capabilities_.dsn) {
        line += message_.ret.empty() ? "" : " RET=" + message_.ret;
        line += message_.envid.empty() ? "" : " ENVID=" + message_.envid;
    }
    return line;
}

std::string ClientSession::write_rcpt(const mail::Recipient& recipient) const {
    std::string line = fmt::format("RCPT TO:<{}>", recipient.mailbox.text());
    if (capabilities_.dsn) {
        line += recipient.dsn.notify.empty() ? "" : " NOTIFY=" + recipient.dsn.notify;
        line += recipient.dsn.orcpt.empty() ? "" : " ORCPT=" + recipient.dsn.orcpt;
    }
    return line;
}

void ClientSession::handle_envelope(const Reply& reply) {
    const Sent command_sent = sent_.front();
    sent_.pop_front();
    switch (command_sent) {
        case Sent::mail:
            mail_failed_ = !as_final(reply).is_positive();
            if (mail_failed_) {
                std::ranges::fill(results_, as_final(reply));
            }
            break;
        case Sent::rcpt:
            if (!mail_failed_ && !as_final(reply).is_positive()) {
                results_[answered_rcpt_] = as_final(reply);
            }
            ++answered_rcpt_;
            break;
        case Sent::data:
            return begin_body(reply);
    }
    fill_window();
    if (sent_.empty()) {
        after_envelope();
    }
}

// A recipient is open while it has no final reply: code 0.
bool ClientSession::any_open() const {
    return std::ranges::any_of(results_, [](const Reply& reply) { return reply.code == 0; });
}

void ClientSession::after_envelope() {
    if (!any_open()) {
        dirty_ = true;
        return finish();
    }
    if (uses_chunks()) {
        // RFC 3030 2: the octets follow the command at once.
        command(fmt::format("BDAT {} LAST", count_octets(message_.pieces)));
        views_.emplace_back(commands_);
        std::ranges::copy_if(message_.pieces,
                             std::back_inserter(views_),
                             [](std::string_view piece) { return !piece.empty(); });
        state_ = State::final_reply;
        return;
    }
    sent_.push_back(Sent::data);
    data_sent_ = true;
    command("DATA");
}

void ClientSession::begin_body(const Reply& reply) {
    if (reply.code == 354) {
        // RFC 2920 3.1: "Client SMTP implementations that employ pipelining MUST check ALL statuses"; with no recipient left nothing but the
        // end of the data is sent.
        stuffer_ = DotStuffer(any_open() ? message_.pieces : std::vector<std::string_view>{});
        body_left_ = true;
        state_ = State::body;
        return;
    }
    settle(reply.is_positive()
               ? Reply{451, "4.5.0", "The server answered DATA with " + to_string(reply)}
               : reply);
    dirty_ = true;
    finish();
}

void ClientSession::give_body() {
    if (!views_.empty()) {
        return;
    }
    if (!body_left_) {
        state_ = State::final_reply;
        return;
    }
    body_left_ = stuffer_.next(views_, max_views);
}

// A reply that can be the last word on a recipient: a 3xx, which asks for more, cannot.
Reply ClientSession::as_final(const Reply& reply) {
    return reply.code >= 300 && reply.code < 400
               ? Reply{451, "4.5.0", "The server gave a wrong reply: " + to_string(reply)}
               : reply;
}

// Gives `reply` to every recipient that has no final one.
void ClientSession::settle(const Reply& reply) {
    for (Reply& result : results_) {
        if (result.code == 0) {
            result = reply;
        }
    }
}

void ClientSession::finish() {
    message_.pieces.clear();
    state_ = State::done;
}

}  // namespace bulla::smtp

#include "gateway/explain.h"

#include "gateway/flow.h"
#include "gateway/stages.h"

#include <fmt/format.h>
#include <map>

namespace bulla::gateway {

namespace {

void list_copies(const Transit& transit, Explanation& out) {
    for (const auto& copy : transit.copies) {
        std::map<const config::Route*, std::vector<std::string>> by_route;
        for (const auto& recipient : copy.recipients) {
            by_route[transit.snapshot->find_route(recipient.mailbox.domain())].push_back(
                recipient.mailbox.text());
        }
        for (auto& [route, recipients] : by_route) {
            const bool smtp = route->exit == config::RouteExit::smtp;
            out.copies.push_back(
                {.recipients = std::move(recipients),
                 .route = route->name,
                 .destination = smtp ? fmt::format("{}:{}", route->host, route->port) : route->path,
                 .added = copy.prefix,
                 .converted = copy.converted});
        }
    }
}

// What the session would have said before DATA.
bool pass_envelope(const directory::Snapshot& snapshot,
                   const mail::Envelope& envelope,
                   Explanation& out) {
    if (auto reply = decide_sender(snapshot, envelope)) {
        out.reply = std::move(*reply);
        out.stopped_at = "MAIL";
        return false;
    }
    for (const auto& recipient : envelope.recipients) {
        if (auto reply = decide_recipient(snapshot, envelope, recipient.mailbox)) {
            out.reply = std::move(*reply);
            out.stopped_at = "RCPT";
            return false;
        }
    }
    return true;
}

}  // namespace

Explanation explain(std::shared_ptr<const directory::Snapshot> snapshot,
                    mail::Envelope envelope,
                    std::string bytes,
                    const Clock& clock) {
    Explanation out;
    out.begun = clock.now();
    if (!pass_envelope(*snapshot, envelope, out)) {
        return out;
    }
    Transit transit;
    transit.begun = out.begun;
    transit.snapshot = std::move(snapshot);
    transit.envelope = std::move(envelope);
    const auto& limits = transit.snapshot->config.limits;
    auto message = mail::Message::parse(
        std::move(bytes),
        {.max_header_bytes = limits.header_bytes, .max_fields = limits.header_fields});
    auto outcome = message ? Result<void>{} : std::unexpected(message.error());
    if (message) {
        transit.message = std::move(*message);
        outcome = run_stages(transit, clock);
    }
    if (!outcome) {
        constexpr std::string_view names[] = {"identify", "decide", "sign"};
        out.stopped_at =
            message ? names[std::min<std::size_t>(transit.trace.size(), 2)] : "receive";
        out.reply = make_reply(outcome.error());
    } else {
        out.reply = {.code = 250, .enhanced = "2.0.0", .text = "Ok: would be sealed and queued"};
        list_copies(transit, out);
    }
    out.archived = transit.archived;
    for (const auto* signer : transit.signers) {
        out.signers.push_back(signer->id);
    }
    out.trace = std::move(transit.trace);
    return out;
}

}  // namespace bulla::gateway

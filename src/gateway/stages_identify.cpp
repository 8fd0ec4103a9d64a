#include "gateway/stages.h"
#include "mail/address.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::gateway {

namespace {

bool owns(const directory::Account& account, const Mailbox& address) {
    switch (account.send_as) {
        case directory::SendAs::own:
            return address.key() == account.address.key();
        case directory::SendAs::domain:
            return address.domain() == account.address.domain();
        case directory::SendAs::any:
            return true;
    }
    return false;
}

Result<void> check_ownership(const Transit& transit) {
    const auto refuse = [&](const Mailbox& address, std::string_view where) {
        return fail("sender.not_owned",
                    Fault::sender,
                    fmt::format("<{}> in {} does not belong to the account {} (setting send_as)",
                                address.text(),
                                where,
                                transit.account->login),
                    "RFC 6409 6.1");
    };
    if (transit.envelope.from && !owns(*transit.account, *transit.envelope.from)) {
        return refuse(*transit.envelope.from, "MAIL FROM");
    }
    for (const auto& address : transit.from) {
        if (!owns(*transit.account, address)) {
            return refuse(address, "From");
        }
    }
    return {};
}

// RFC 5321 4.5.1: "Any system that includes an SMTP server supporting mail relaying or delivery MUST support the reserved mailbox
// 'postmaster' as a case-insensitive local name."
bool is_postmaster(const Mailbox& address) {
    constexpr std::string_view name = "postmaster";
    return std::ranges::equal(address.local(), name, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

// Mail that nobody will ever read must not be taken over; who knows the accounts behind a route is the next hop, unless it is a Maildir.
bool is_unknown(const directory::Snapshot& snapshot,
                const Mailbox& address,
                const config::Route& route) {
    if (!snapshot.is_local(address.domain()) || snapshot.find_address(address) != nullptr ||
        is_postmaster(address)) {
        return false;
    }
    switch (snapshot.settings_for(address.domain()).unknown_recipients) {
        case directory::UnknownRecipients::refuse:
            return true;
        case directory::UnknownRecipients::accept:
            return false;
        case directory::UnknownRecipients::by_route:
            break;
    }
    return route.exit == config::RouteExit::maildir;
}

}  // namespace

Result<void> identify(Transit& transit) {
    const auto& snapshot = *transit.snapshot;
    // RFC 5321 6.3: "servers MUST contain provisions for detecting and stopping trivial loops." Each hop adds one Received field.
    if (transit.message.count("Received") > snapshot.config.limits.received_fields) {
        return fail(
            "message.loop",
            Fault::sender,
            fmt::format("Too many hops: more than {} Received fields, this looks like a mail loop",
                        snapshot.config.limits.received_fields),
            "RFC 5321 6.3");
    }
    transit.outbound = transit.envelope.login.has_value() || transit.envelope.trusted_network;
    if (transit.envelope.login) {
        transit.account = snapshot.find_account(*transit.envelope.login);
        if (!transit.account || transit.account->disabled) {
            return fail("sender.account_disabled",
                        Fault::sender,
                        "This account may not send",
                        "RFC 4954 6");
        }
    } else if (transit.envelope.role == mail::Role::submission) {
        return fail(
            "sender.auth_required", Fault::sender, "Authentication required", "RFC 6409 4.3");
    }
    if (auto authors = mail::authors(transit.message); authors) {
        for (auto& author : *authors) {
            transit.from.push_back(std::move(author.mailbox));
        }
    } else if (transit.account) {
        // What a user sends must be sound; what comes from outside is passed on as it is, unsigned.
        return std::unexpected(std::move(authors).error());
    }
    if (transit.account) {
        BULLA_CHECK(check_ownership(transit));
    }
    TraceStep step{.stage = "identify", .at = {}, .facts = {}};
    step.facts.emplace_back("direction", transit.outbound ? "outbound" : "inbound");
    step.facts.emplace_back("role", std::string(mail::to_string(transit.envelope.role)));
    if (transit.account) {
        step.facts.emplace_back("account", transit.account->login);
    }
    step.facts.emplace_back("client", transit.envelope.client.text());
    step.facts.emplace_back("protocol", transit.envelope.protocol);
    if (!transit.envelope.tls_summary.empty()) {
        step.facts.emplace_back("tls", transit.envelope.tls_summary);
    }
    if (!transit.envelope.mta_id.empty()) {
        step.facts.emplace_back("queue id there", transit.envelope.mta_id);
    }
    transit.trace.push_back(std::move(step));
    return {};
}

std::optional<Reply> decide_sender(const directory::Snapshot& snapshot,
                                   const mail::Envelope& envelope) {
    using enum mail::Role;
    if (envelope.role == submission && !envelope.login) {
        return make_reply({.code = "sender.auth_required",
                           .fault = Fault::sender,
                           .text = "Authentication required"});
    }
    if (envelope.role == relay && !envelope.login && !envelope.trusted_network) {
        return make_reply({.code = "sender.relay_denied",
                           .fault = Fault::sender,
                           .text = "Relaying is for trusted networks and after log-in only"});
    }
    if (envelope.login) {
        const auto account = snapshot.find_account(*envelope.login);
        if (!account || account->disabled) {
            return make_reply({.code = "sender.account_disabled",
                               .fault = Fault::sender,
                               .text = "This account may not send"});
        }
        if (envelope.from && !owns(*account, *envelope.from)) {
            return make_reply({.code = "sender.not_owned",
                               .fault = Fault::sender,
                               .text = fmt::format("<{}> does not belong to the account {}",
                                                   envelope.from->text(),
                                                   account->login)});
        }
    }
    return std::nullopt;
}

std::optional<Reply> decide_recipient(const directory::Snapshot& snapshot,
                                      const mail::Envelope& envelope,
                                      const Mailbox& recipient) {
    const bool ours = envelope.login.has_value() || envelope.trusted_network;
    const bool relays = envelope.role == mail::Role::relay ||
                        envelope.role == mail::Role::submission ||
                        envelope.role == mail::Role::filter;
    // A filter stands behind an MTA that has decided about relaying already; without a log-in its mail is inbound and stays unsigned.
    const bool open = envelope.role == mail::Role::filter || (relays && ours);
    if (!open && !snapshot.is_local(recipient.domain())) {
        return make_reply({.code = "recipient.relay_denied",
                           .fault = Fault::sender,
                           .text = fmt::format("<{}>: relaying denied", recipient.text())});
    }
    const auto* route = snapshot.find_route(recipient.domain());
    if (route == nullptr) {
        return make_reply({.code = "recipient.no_route",
                           .fault = Fault::sender,
                           .text = fmt::format("<{}>: no route to this domain", recipient.text())});
    }
    // The MTA before a filter has decided about its recipients.
    if (envelope.role != mail::Role::filter && is_unknown(snapshot, recipient, *route)) {
        return make_reply({.code = "recipient.unknown",
                           .fault = Fault::sender,
                           .text = fmt::format("<{}>: no such mailbox", recipient.text())});
    }
    return std::nullopt;
}

}  // namespace bulla::gateway

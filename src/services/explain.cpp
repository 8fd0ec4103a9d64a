#include "gateway/explain.h"

#include "mail/address.h"
#include "services/json_time.h"
#include "services/stage_notes.h"
#include "services/table.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::services {
namespace {

constexpr std::size_t max_recipients = 100;

// Text pasted into a page, or piped from a file, has LF; what comes through a door has CRLF.
std::string with_crlf(const json& octets) {
    std::string out;
    char last = 0;
    const auto add = [&](char c) {
        if (c == '\n' && last != '\r') {
            out += '\r';
        }
        out += c;
        last = c;
    };
    if (octets.is_binary()) {
        const auto& bytes = octets.get_binary();
        out.reserve(bytes.size() + bytes.size() / 32);
        std::ranges::for_each(bytes, [&](std::uint8_t byte) { add(static_cast<char>(byte)); });
    } else {
        std::ranges::for_each(octets.get_ref<const std::string&>(), add);
    }
    return out;
}

Result<mail::Role> read_role(const std::string& text) {
    using enum mail::Role;
    for (const auto role : {submission, relay, inbound, filter}) {
        if (mail::to_string(role) == text) {
            return role;
        }
    }
    return refuse("role",
                  "service.bad_argument",
                  fmt::format("role: \"{}\" is none of submission, relay, inbound, filter", text));
}

Result<Mailbox> read_mailbox(std::string_view what, const std::string& text) {
    auto mailbox = Mailbox::parse(text);
    if (!mailbox) {
        return refuse(
            what, "service.bad_argument", fmt::format("{}: {}", what, mailbox.error().text));
    }
    return mailbox;
}

// What the caller left open is taken from the header, as a mail program would.
Result<void> complete_envelope(mail::Envelope& envelope,
                               bool from_given,
                               const mail::Message& message) {
    if (!from_given) {
        if (const auto authors = mail::authors(message); authors && !authors->empty()) {
            envelope.from = authors->front().mailbox;
        }
    }
    if (envelope.recipients.empty()) {
        for (const auto* field : {"To", "Cc", "Bcc"}) {
            if (const auto found = mail::addresses(message, field)) {
                for (const auto& address : *found) {
                    envelope.recipients.push_back({.mailbox = address.mailbox, .dsn = {}});
                }
            }
        }
    }
    if (envelope.recipients.empty() || envelope.recipients.size() > max_recipients) {
        return refuse(
            "to",
            "service.bad_argument",
            fmt::format("to: name 1 to {} recipients, or have them in To", max_recipients));
    }
    return {};
}

Result<mail::Envelope> read_envelope(Arguments& in,
                                     const directory::Snapshot& snapshot,
                                     bool& from_given) {
    mail::Envelope envelope;
    BULLA_TRY(role_text, in.text_or("role", "submission", 20));
    BULLA_TRY(role, read_role(role_text));
    envelope.role = role;
    BULLA_TRY(ip_text, in.text_or("ip", "127.0.0.1", 45));
    BULLA_TRY(ip, in_field("ip", Ip::parse(ip_text)));
    envelope.client = ip;
    BULLA_TRY(helo, in.text_or("helo", "explain", 255));
    envelope.helo = std::move(helo);
    envelope.protocol = "ESMTP";
    BULLA_TRY(login, in.text_or("login", "", 320));
    if (!login.empty()) {
        envelope.login = login;
        envelope.protocol = "ESMTPA";
    }
    envelope.trusted_network =
        role == mail::Role::relay &&
        std::ranges::any_of(snapshot.settings.trusted_networks,
                            [&](const Cidr& network) { return network.contains(ip); });
    from_given = in.has("from");
    BULLA_TRY(from_text, in.text_or("from", "", 320));
    if (!from_text.empty() && from_text != "<>") {
        BULLA_TRY(from, read_mailbox("from", from_text));
        envelope.from = std::move(from);
    }
    BULLA_TRY(to, in.texts_or("to", {}));
    for (const auto& text : to) {
        BULLA_TRY(mailbox, read_mailbox("to", text));
        envelope.recipients.push_back({.mailbox = std::move(mailbox), .dsn = {}});
    }
    return envelope;
}

json describe_stages(const gateway::Explanation& explanation, std::size_t size) {
    auto stages = json::array();
    const auto add = [&](std::string_view name, json facts, std::string_view outcome) {
        json stage{{"name", name}, {"facts", std::move(facts)}, {"outcome", outcome}};
        add_stage_notes(stage);
        stages.push_back(std::move(stage));
        return &stages.back();
    };
    const auto fact = [](std::string_view name, const std::string& value) {
        return json{{"name", name}, {"value", value}};
    };
    if (explanation.stopped_at == "MAIL" || explanation.stopped_at == "RCPT") {
        // The message itself is never asked for then.
        add("envelope",
            json::array({fact(explanation.stopped_at, explanation.reply.text)}),
            "refused");
        return stages;
    }
    const bool not_taken = explanation.stopped_at == "receive";
    auto facts = json::array({fact("size", std::to_string(size))});
    if (not_taken) {
        facts.push_back(fact("refused", explanation.reply.text));
    }
    (*add("receive", std::move(facts), not_taken ? "refused" : "ok"))["at"] =
        json_time(explanation.begun);
    for (const auto& step : explanation.trace) {
        auto list = json::array();
        for (const auto& [name, value] : step.facts) {
            list.push_back(fact(name, value));
        }
        auto* stage = add(step.stage, std::move(list), "ok");
        (*stage)["at"] = json_time(step.at);
        if (step.stage == "sign") {
            (*stage)["copies"] = json::array();
            for (const auto& copy : explanation.copies) {
                (*stage)["copies"].push_back({{"recipients", copy.recipients},
                                              {"added", copy.added},
                                              {"converted", copy.converted}});
            }
        }
    }
    if (!explanation.stopped_at.empty() && !not_taken) {
        add(explanation.stopped_at,
            json::array({fact("refused", explanation.reply.text)}),
            "refused");
    }
    if (explanation.stopped_at.empty()) {
        add("seal",
            json::array({fact("archived", explanation.archived ? "would be" : "no")}),
            "skipped");
        auto routes = json::array();
        for (const auto& copy : explanation.copies) {
            routes.push_back(fact(copy.route, copy.destination));
        }
        add("deliver", std::move(routes), "skipped");
    }
    return stages;
}

}  // namespace

// {"octets", "role"?, "login"?, "from"?, "to"?, "ip"?, "helo"?} → openapi: Explanation. Nothing is kept and nobody is told.
Result<json> explain_message(ServiceContext& context, const Caller&, const json& arguments) {
    auto rest = arguments;
    if (!rest.contains("octets") || !(rest["octets"].is_binary() || rest["octets"].is_string())) {
        return refuse("octets", "service.bad_argument", "octets: the message is missing");
    }
    auto bytes = with_crlf(rest["octets"]);
    rest.erase("octets");
    Arguments in(rest);
    const auto snapshot = context.snapshots.current();
    bool from_given = false;
    BULLA_TRY(envelope, read_envelope(in, *snapshot, from_given));
    BULLA_CHECK(in.finish());
    const auto size = bytes.size();
    if (size > snapshot->config.limits.message_bytes) {
        return fail("message.too_large",
                    Fault::sender,
                    fmt::format("the message has {} octets, {} are allowed (setting message_size)",
                                size,
                                snapshot->config.limits.message_bytes));
    }
    BULLA_TRY(message, mail::Message::parse(bytes));
    BULLA_CHECK(complete_envelope(envelope, from_given, message));
    const auto explanation =
        gateway::explain(snapshot, std::move(envelope), std::move(bytes), context.clock);
    auto copies = json::array();
    for (const auto& copy : explanation.copies) {
        copies.push_back({{"recipients", copy.recipients},
                          {"route", copy.route},
                          {"destination", copy.destination},
                          {"added", copy.added},
                          {"converted", copy.converted}});
    }
    return json{{"reply",
                 fmt::format("{} {} {}",
                             explanation.reply.code,
                             explanation.reply.enhanced,
                             explanation.reply.text)},
                {"accepted", explanation.stopped_at.empty()},
                {"archived", explanation.archived},
                {"signers", explanation.signers},
                {"stages", describe_stages(explanation, size)},
                {"copies", std::move(copies)}};
}

}  // namespace bulla::services

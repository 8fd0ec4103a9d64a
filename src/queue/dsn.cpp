#include "queue/dsn.h"

#include "base/date.h"
#include "base/encoding.h"
#include "mail/build.h"
#include "mail/message.h"
#include "names/ip.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace bulla::queue {

namespace {

// Of the headers sent back, so that a notice stays a small message.
constexpr std::size_t max_header_bytes = 64 * 1024;
constexpr std::size_t max_diagnostic = 900;

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 128; });
}

bool names(std::string_view notify, std::string_view word) {
    while (!notify.empty()) {
        const auto comma = notify.find(',');
        if (mail::equal_ignoring_case(notify.substr(0, comma), word)) {
            return true;
        }
        notify = comma == std::string_view::npos ? std::string_view{} : notify.substr(comma + 1);
    }
    return false;
}

// RFC 3461 4.1: NEVER stands alone; without NOTIFY failures are told, and delays may be.
bool wants(const mail::Recipient& recipient, NoticeKind kind) {
    const auto& notify = recipient.dsn.notify;
    switch (kind) {
        case NoticeKind::failed:
            return notify.empty() || names(notify, "FAILURE");
        case NoticeKind::delayed:
            return notify.empty() || names(notify, "DELAY");
        case NoticeKind::relayed:
        case NoticeKind::delivered:
            return names(notify, "SUCCESS");
    }
    return false;
}

std::string_view action_of(NoticeKind kind) {
    switch (kind) {
        case NoticeKind::failed:
            return "failed";
        case NoticeKind::delayed:
            return "delayed";
        case NoticeKind::relayed:
            return "relayed";
        case NoticeKind::delivered:
            return "delivered";
    }
    return "failed";
}

std::string_view subject_of(NoticeKind kind) {
    switch (kind) {
        case NoticeKind::failed:
            return "Your message could not be delivered";
        case NoticeKind::delayed:
            return "Your message is delayed";
        case NoticeKind::relayed:
            return "Your message was handed on";
        case NoticeKind::delivered:
            return "Your message was delivered";
    }
    return "";
}

std::string_view explanation_of(NoticeKind kind) {
    switch (kind) {
        case NoticeKind::failed:
            return "Your message could not be delivered to the recipients below. No more attempts "
                   "will be made.";
        case NoticeKind::delayed:
            return "Your message has not been delivered yet to the recipients below. You need not "
                   "send it again: attempts go on.";
        case NoticeKind::relayed:
            return "Your message was handed on to the recipients' mail system, which may not tell "
                   "you when it is delivered.";
        case NoticeKind::delivered:
            return "Your message was delivered to the mailboxes of the recipients below.";
    }
    return "";
}

/// One line without control characters: remote text forges no field.
std::string one_line(std::string_view text, std::size_t most = max_diagnostic) {
    std::string line(text.substr(0, most));
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }, ' ');
    return line;
}

std::string printable_ascii(std::string_view text) {
    auto line = one_line(text);
    std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) > 126; }, '?');
    return line;
}

/// xtext (RFC 3461 4) as plain text; nothing if it is none.
std::optional<std::string> decode_xtext(std::string_view xtext) {
    std::string text;
    for (std::size_t i = 0; i < xtext.size(); ++i) {
        if (xtext[i] != '+') {
            text.push_back(xtext[i]);
            continue;
        }
        const auto byte = hex_decode(xtext.substr(i + 1, 2));
        if (!byte || byte->size() != 1) {
            return std::nullopt;
        }
        text += *byte;
        i += 2;
    }
    return text;
}

/// A field of message/delivery-status, one line; white space at its end is nothing.
void add_field(std::string& out, std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(out), "{}: {}\r\n", name, value);
}

std::string write_recipient(const DsnRequest& request, std::size_t i, bool utf8) {
    const auto& recipient = request.recipients[i];
    const auto& result = request.results[i];
    std::string out;
    // RFC 3464 2.3.1: the ORCPT value, type and all, decoded from xtext.
    if (const auto semicolon = recipient.dsn.orcpt.find(';'); semicolon != std::string::npos) {
        const auto type = printable_ascii(recipient.dsn.orcpt.substr(0, semicolon));
        if (const auto address = decode_xtext(recipient.dsn.orcpt.substr(semicolon + 1))) {
            add_field(out,
                      "Original-Recipient",
                      type + ";" + (utf8 ? one_line(*address) : printable_ascii(*address)));
        }
    }
    const auto address = recipient.mailbox.text();
    // RFC 6533 3: an address with octets above 127 has the address type utf-8.
    add_field(out, "Final-Recipient", (is_ascii(address) ? "rfc822;" : "utf-8;") + address);
    add_field(out, "Action", action_of(request.kind));
    add_field(out, "Status", result.status.empty() ? "4.0.0" : one_line(result.status, 16));
    if (!request.remote_mta.empty()) {
        // RFC 3464 2.1.2: an address stands in square brackets.
        const auto ip = Ip::parse(request.remote_mta);
        add_field(out,
                  "Remote-MTA",
                  "dns;" + (ip ? fmt::format("[{}{}]", ip->is_v4() ? "" : "IPv6:", ip->text())
                               : printable_ascii(request.remote_mta)));
    }
    if (!result.diagnostic.empty()) {
        add_field(out,
                  "Diagnostic-Code",
                  std::string(result.remote ? "smtp;" : "x-bulla;") +
                      (utf8 ? one_line(result.diagnostic) : printable_ascii(result.diagnostic)));
    }
    add_field(out, "Last-Attempt-Date", write_rfc5322_date(request.now));
    if (request.kind == NoticeKind::delayed) {
        add_field(out, "Will-Retry-Until", write_rfc5322_date(request.retry_until));
    }
    return out;
}

std::string write_status(const DsnRequest& request, bool utf8) {
    std::string out;
    if (const auto envid = decode_xtext(request.envid); envid && !envid->empty()) {
        add_field(out, "Original-Envelope-Id", printable_ascii(*envid));
    }
    add_field(out, "Reporting-MTA", "dns;" + request.hostname);
    add_field(out, "Arrival-Date", write_rfc5322_date(request.arrived));
    for (std::size_t i = 0; i < request.recipients.size(); ++i) {
        out += "\r\n";
        out += write_recipient(request, i, utf8);
    }
    return out;
}

std::string write_text(const DsnRequest& request, bool utf8) {
    std::string out = fmt::format("This is the mail system {}.\r\n\r\n{}\r\n\r\n",
                                  request.hostname,
                                  explanation_of(request.kind));
    for (std::size_t i = 0; i < request.recipients.size(); ++i) {
        const auto& diagnostic = request.results[i].diagnostic;
        fmt::format_to(std::back_inserter(out),
                       "<{}>{}{}\r\n",
                       request.recipients[i].mailbox.text(),
                       diagnostic.empty() ? "" : ": ",
                       utf8 ? one_line(diagnostic) : printable_ascii(diagnostic));
    }
    fmt::format_to(std::back_inserter(out),
                   "\r\nThe message is known here as {}; its headers follow.\r\n",
                   request.message.text());
    return out;
}

/// The header's whole fields up to the limit.
std::string_view cut_header(std::string_view header) {
    if (header.size() <= max_header_bytes) {
        return header;
    }
    const auto end = header.rfind("\r\n", max_header_bytes);
    return end == std::string_view::npos ? std::string_view{} : header.substr(0, end + 2);
}

bool needs_utf8(const DsnRequest& request, std::string_view header) {
    const bool recipients = std::ranges::all_of(request.recipients, [](const auto& recipient) {
        return is_ascii(recipient.mailbox.text());
    });
    return !recipients || !is_ascii(header) || (request.from && !is_ascii(request.from->text()));
}

void add_part(std::string& out,
              std::string_view boundary,
              std::string_view type,
              bool eight_bit,
              std::string_view content) {
    fmt::format_to(std::back_inserter(out),
                   "--{}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n{}\r\n",
                   boundary,
                   type,
                   eight_bit ? "8bit" : "7bit",
                   content);
}

std::string write_body(const DsnRequest& request,
                       std::string_view boundary,
                       std::string_view header,
                       bool utf8) {
    const auto text = write_text(request, utf8);
    const auto status = write_status(request, utf8);
    std::string out;
    add_part(out, boundary, "text/plain; charset=utf-8", !is_ascii(text), text);
    add_part(out,
             boundary,
             utf8 ? "message/global-delivery-status" : "message/delivery-status",
             utf8 && !is_ascii(status),
             status);
    add_part(out,
             boundary,
             utf8 ? "message/global-headers" : "text/rfc822-headers",
             !is_ascii(header),
             header);
    fmt::format_to(std::back_inserter(out), "--{}--\r\n", boundary);
    return out;
}

std::vector<std::size_t> pick(const Payload& payload,
                              const DeliveryReport& report,
                              Outcome outcome,
                              NoticeKind kind) {
    std::vector<std::size_t> picked;
    for (std::size_t i = 0; i < payload.recipients.size() && i < report.recipients.size(); ++i) {
        if (report.recipients[i].outcome == outcome && wants(payload.recipients[i], kind)) {
            picked.push_back(i);
        }
    }
    return picked;
}

}  // namespace

std::vector<Notice> decide_notices(const Payload& payload,
                                   const DeliveryReport& report,
                                   bool delay_due) {
    std::vector<Notice> notices;
    // RFC 5321 4.5.5, RFC 3464 2: no notice about a message that is one.
    if (!payload.from) {
        return notices;
    }
    const auto add = [&](Outcome outcome, NoticeKind kind) {
        if (auto recipients = pick(payload, report, outcome, kind); !recipients.empty()) {
            notices.push_back({.kind = kind, .recipients = std::move(recipients)});
        }
    };
    add(Outcome::failed, NoticeKind::failed);
    if (delay_due) {
        add(Outcome::deferred, NoticeKind::delayed);
    }
    if (report.final_delivery) {
        add(Outcome::delivered, NoticeKind::delivered);
    } else if (!report.dsn_passed_on) {
        // RFC 3461 5.2.2: where the next hop cannot tell of success, whoever hands on does: "relayed".
        add(Outcome::delivered, NoticeKind::relayed);
    }
    return notices;
}

Result<Dsn> make_dsn(const DsnRequest& request, Random& random) {
    if (!request.from) {
        return fail("queue.no_sender", Fault::us, "a notice needs a sender to go to");
    }
    const auto header = cut_header(request.header);
    const bool utf8 = needs_utf8(request, header);
    const auto boundary = mail::make_boundary(random);
    const auto to = request.from->text();
    Dsn dsn;
    std::string& out = dsn.bytes;
    const std::vector<std::pair<std::string_view, std::string>> fields{
        {"Date", write_rfc5322_date(request.now)},
        {"From",
         fmt::format(
             "Mail system <postmaster@{}>",
             request.postmaster_domain.empty() ? request.hostname : request.postmaster_domain)},
        {"Message-ID", mail::make_message_id(random, request.hostname)},
        {"Subject", std::string(subject_of(request.kind))},
        {"Auto-Submitted", "auto-replied"},  // RFC 3834 5
        {"MIME-Version", "1.0"}};
    for (const auto& [name, value] : fields) {
        BULLA_TRY(field, mail::make_field(name, value));
        out += field;
    }
    // An address that needs UTF-8 stands in the header as it is (RFC 6532 3.2).
    fmt::format_to(std::back_inserter(out), "To: <{}>\r\n", to);
    fmt::format_to(std::back_inserter(out),
                   "Content-Type: multipart/report; report-type={};\r\n boundary=\"{}\"\r\n\r\n",
                   utf8 ? "global-delivery-status" : "delivery-status",
                   boundary);
    out += write_body(request, boundary, header, utf8);
    dsn.envelope.role = mail::Role::relay;
    dsn.envelope.helo = request.hostname;
    dsn.envelope.client_name = request.hostname;
    dsn.envelope.trusted_network = true;
    dsn.envelope.recipients.push_back(
        {.mailbox = *request.from, .dsn = {.notify = "NEVER", .orcpt = {}}});
    dsn.envelope.eight_bit = !is_ascii(out);
    dsn.envelope.smtputf8 = !is_ascii(to);
    return dsn;
}

}  // namespace bulla::queue

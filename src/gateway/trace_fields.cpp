#include "gateway/trace_fields.h"

#include "base/date.h"

#include <fmt/format.h>

namespace bulla::gateway {

namespace {

constexpr std::size_t max_name = 255;

// A HELO name may be any text that got past the door's parser: in a header field it must not open a comment or a new field.
std::string harmless(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, max_name)) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                           (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_' || c == ':' ||
                           c == '[' || c == ']';
        out.push_back(plain ? c : '?');
    }
    return out.empty() ? "unknown" : out;
}

}  // namespace

std::string make_received(const mail::Envelope& envelope,
                          const MessageId& id,
                          std::string_view hostname,
                          Time now) {
    // RFC 5321 4.4: "TCP-info = address-literal / ( Domain FWS address-literal )", as the server saw it: the name is what
    // the DNS gives, if anything.
    const auto address =
        fmt::format("[{}{}]", envelope.client.is_v4() ? "" : "IPv6:", envelope.client.text());
    std::string field = "Received: ";
    // What we wrote ourselves came from nobody.
    if (envelope.client != Ip{}) {
        field += fmt::format("from {} ({}{}{})\r\n\t",
                             harmless(envelope.helo),
                             envelope.client_name.empty() ? "" : harmless(envelope.client_name),
                             envelope.client_name.empty() ? "" : " ",
                             address);
    }
    field += fmt::format("by {}", hostname);
    if (!envelope.protocol.empty()) {
        field += fmt::format(" with {}", harmless(envelope.protocol));
    }
    field += fmt::format(" id {}", id.text());
    if (envelope.recipients.size() == 1 && !envelope.recipients.front().mailbox.needs_utf8()) {
        field += fmt::format("\r\n\tfor <{}>", envelope.recipients.front().mailbox.text());
    }
    field += fmt::format(";\r\n\t{}\r\n", write_rfc5322_date(now));
    return field;
}

std::string make_missing_fields(const mail::Message& message,
                                std::string_view domain,
                                const MessageId& id,
                                Time now) {
    std::string fields;
    if (message.count("Date") == 0) {
        fields += fmt::format("Date: {}\r\n", write_rfc5322_date(now));
    }
    if (message.count("Message-ID") == 0) {
        fields += fmt::format("Message-ID: <{}@{}>\r\n", id.text(), domain);
    }
    return fields;
}

}  // namespace bulla::gateway

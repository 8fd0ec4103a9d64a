#include "mail/message.h"

#include "mail/header_scan.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace bulla::mail {

namespace {

bool is_wsp(char c) {
    return c == ' ' || c == '\t';
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// RFC 5322 3.6.8: a field name is made of "%d33-57 / %d59-126", printable US-ASCII without the colon.
bool is_field_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7F'; });
}

std::string_view trim_end(std::string_view text) {
    while (!text.empty() && is_wsp(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

// The end of the line that starts at `from`, behind its CRLF; the end of `bytes` if there is none. A bare CR or LF ends no line.
std::size_t line_end(std::string_view bytes, std::size_t from) {
    std::size_t at = from;
    while (at < bytes.size()) {
        const void* found = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
        if (found == nullptr) {
            return bytes.size();
        }
        at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
        if (at >= from + 2 && bytes[at - 2] == '\r') {
            return at;
        }
    }
    return bytes.size();
}

std::unexpected<Error> header_too_long() {
    return fail("message.header_too_long",
                Fault::sender,
                "the header of the message is longer than the limit allows");
}

// The end of the field whose first line ends at `end`: lines that begin with white space belong to it (RFC 5322 2.2.3).
std::size_t field_end(std::string_view bytes, std::size_t end, std::size_t limit) {
    while (end < bytes.size() && end <= limit && is_wsp(bytes[end])) {
        end = line_end(bytes, end);
    }
    return end;
}

}  // namespace

Result<HeaderScan> scan_header(std::string_view bytes, const MessageLimits& limits) {
    const std::size_t limit =
        std::min<std::size_t>(limits.max_header_bytes, std::numeric_limits<std::uint32_t>::max());
    HeaderScan scan;
    scan.fields.reserve(std::min<std::size_t>(limits.max_fields, 32));
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (bytes.substr(at).starts_with("\r\n")) {
            scan.header_end = at;
            scan.body_begin = at + 2;
            return scan;
        }
        const std::size_t first_line = line_end(bytes, at);
        const std::size_t colon = bytes.substr(at, first_line - at).find(':');
        if (colon == std::string_view::npos || !is_field_name(trim_end(bytes.substr(at, colon)))) {
            break;
        }
        const std::size_t end = field_end(bytes, first_line, limit);
        if (end > limit) {
            return header_too_long();
        }
        if (scan.fields.size() == limits.max_fields) {
            return fail("message.too_many_fields",
                        Fault::sender,
                        "the message has more header fields than the limit allows");
        }
        scan.fields.push_back({.begin = static_cast<std::uint32_t>(at),
                               .colon = static_cast<std::uint32_t>(at + colon),
                               .end = static_cast<std::uint32_t>(end)});
        at = end;
    }
    scan.header_end = scan.body_begin = at;
    return scan;
}

Result<Message> Message::parse(std::string bytes, const MessageLimits& limits) {
    return parse(std::make_shared<const std::string>(std::move(bytes)), limits);
}

Result<Message> Message::parse(std::shared_ptr<const std::string> bytes,
                               const MessageLimits& limits) {
    BULLA_TRY(scan, scan_header(*bytes, limits));
    Message message;
    message.bytes_ = std::move(bytes);
    message.fields_ = std::move(scan.fields);
    message.header_end_ = scan.header_end;
    message.body_begin_ = scan.body_begin;
    return message;
}

std::string_view Message::name(const FieldSpan& span) const {
    return trim_end(bytes().substr(span.begin, span.colon - span.begin));
}

std::string_view Message::value(const FieldSpan& span) const {
    std::string_view value = bytes().substr(span.colon + 1, span.end - span.colon - 1);
    if (value.ends_with("\r\n")) {
        value.remove_suffix(2);
    }
    return value;
}

std::string Message::first(std::string_view name) const {
    const auto found = std::ranges::find_if(fields_, [&](const FieldSpan& span) {
        return equal_ignoring_case(this->name(span), name);
    });
    return found == fields_.end() ? std::string{} : unfold(value(*found));
}

std::size_t Message::count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(fields_, [&](const FieldSpan& span) {
        return equal_ignoring_case(this->name(span), name);
    }));
}

std::string unfold(std::string_view value) {
    std::string out;
    out.reserve(value.size());
    while (!value.empty()) {
        const std::size_t fold = value.find("\r\n");
        out.append(value.substr(0, fold));
        value.remove_prefix(fold == std::string_view::npos ? value.size() : fold + 2);
    }
    const std::size_t end = trim_end(out).size();
    out.resize(end);
    const std::size_t begin = out.find_first_not_of(" \t");
    out.erase(0, begin == std::string::npos ? out.size() : begin);
    return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i] && lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

}  // namespace bulla::mail

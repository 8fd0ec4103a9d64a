#include "smtp/reply.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::smtp {

namespace {

// RFC 5321 4.5.3.1.5: "The maximum total length of a reply line including the reply code and the <CRLF> is 512 octets."
constexpr std::size_t max_reply_line = 512;

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

void append_clean(std::string& out, std::string_view text) {
    const std::size_t begin = out.size();
    out.append(text);
    std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), is_control, '?');
}

// The length of the first piece of `text` that fits into `room`: a whole line, or one broken at a space where possible.
std::size_t piece_length(std::string_view text, std::size_t room) {
    if (text.size() <= room) {
        return text.size();
    }
    const std::size_t space = text.substr(0, room).rfind(' ');
    if (space != std::string_view::npos && space > 0) {
        return space;
    }
    // Not inside a UTF-8 sequence: go back to its first byte.
    std::size_t end = room;
    while (end > 1 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
        --end;
    }
    return end;
}

}  // namespace

void write_reply(std::string& out, const Reply& reply) {
    const std::string code = fmt::format("{:03d}", std::clamp(reply.code, 200, 599));
    const std::size_t overhead = 4 + (reply.enhanced.empty() ? 0 : reply.enhanced.size() + 1) + 2;
    const std::size_t room = max_reply_line - overhead;
    std::string_view rest = reply.text;
    bool last = false;
    while (!last) {
        const std::size_t line_end = std::min(rest.find('\n'), rest.size());
        const std::size_t length = piece_length(rest.substr(0, line_end), room);
        const std::string_view piece = rest.substr(0, length);
        last = length == rest.size();
        rest.remove_prefix(last ? length
                                : length + (rest[length] == '\n' || rest[length] == ' ' ? 1 : 0));
        out.append(code);
        out.push_back(last ? ' ' : '-');
        if (!reply.enhanced.empty()) {
            out.append(reply.enhanced);
            out.push_back(' ');
        }
        append_clean(out, piece);
        out.append("\r\n");
    }
}

std::string to_string(const Reply& reply) {
    std::string text = reply.text;
    std::ranges::replace(text, '\n', ' ');
    std::string out = fmt::format("{:03d} ", reply.code);
    if (!reply.enhanced.empty()) {
        out += reply.enhanced + " ";
    }
    append_clean(out, text);
    return out;
}

std::string_view find_enhanced_code(std::string_view text) {
    // RFC 3463 2: "status-code = class '.' subject '.' detail", class one of 2, 4, 5; subject and detail up to three digits.
    const auto digits = [&](std::size_t at) {
        std::size_t end = at;
        while (end < text.size() && end - at < 3 && text[end] >= '0' && text[end] <= '9') {
            ++end;
        }
        return end;
    };
    if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') {
        return {};
    }
    const std::size_t dot = digits(2);
    if (dot == 2 || dot >= text.size() || text[dot] != '.') {
        return {};
    }
    const std::size_t end = digits(dot + 1);
    if (end == dot + 1 || (end < text.size() && text[end] != ' ')) {
        return {};
    }
    return text.substr(0, end);
}

}  // namespace bulla::smtp

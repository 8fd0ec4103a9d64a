#include "mail/transfer.h"

#include "base/encoding.h"

namespace bulla::mail {

namespace {

constexpr std::size_t base64_line = 76;
constexpr std::size_t bytes_per_line = base64_line / 4 * 3;
constexpr std::size_t quoted_line = 76;
constexpr std::string_view hex_digits = "0123456789ABCDEF";

int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : -1;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char upper = static_cast<char>(c & ~0x20);
    return upper >= 'A' && upper <= 'F' ? upper - 'A' + 10 : -1;
}

bool at_line_end(std::string_view text, std::size_t at) {
    return at == text.size() || text.substr(at).starts_with("\r\n");
}

// RFC 2045 6.7 rule 2: octets 33 to 60 and 62 to 126 may stand for themselves; rule 3: white space too, but not at the end of a line.
bool is_literal(std::string_view text, std::size_t at) {
    const char c = text[at];
    if (c == ' ' || c == '\t') {
        return !at_line_end(text, at + 1);
    }
    return c > ' ' && c < '\x7F' && c != '=';
}

}  // namespace

std::string write_base64_lines(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() / bytes_per_line * (base64_line + 2) + base64_line + 2);
    while (!bytes.empty()) {
        const std::string_view line = bytes.substr(0, bytes_per_line);
        base64_append(out, line);
        out.append("\r\n");
        bytes.remove_prefix(line.size());
    }
    return out;
}

std::string read_base64_lines(std::string_view text) {
    std::string out;
    out.reserve(text.size() / 4 * 3);
    unsigned group = 0;
    int digits = 0;
    for (const char c : text) {
        const int value = base64_value(c);
        if (c == '=') {
            break;
        }
        if (value < 0) {
            continue;
        }
        group = group << 6 | static_cast<unsigned>(value);
        if (++digits == 4) {
            out.push_back(static_cast<char>(group >> 16));
            out.push_back(static_cast<char>(group >> 8));
            out.push_back(static_cast<char>(group));
            digits = 0;
        }
    }
    if (digits >= 2) {
        group <<= 6 * (4 - digits);
        out.push_back(static_cast<char>(group >> 16));
        if (digits == 3) {
            out.push_back(static_cast<char>(group >> 8));
        }
    }
    return out;
}

std::string write_quoted_printable(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    std::size_t column = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with("\r\n")) {
            out.append("\r\n");
            column = 0;
            ++i;
            continue;
        }
        const bool literal = is_literal(text, i);
        const std::size_t width = literal ? 1 : 3;
        // A soft line break takes the 76th column unless the line ends right here.
        const std::size_t room = at_line_end(text, i + 1) ? quoted_line : quoted_line - 1;
        if (column + width > room) {
            out.append("=\r\n");
            column = 0;
        }
        if (literal) {
            out.push_back(text[i]);
        } else {
            const auto octet = static_cast<unsigned char>(text[i]);
            out.append({'=', hex_digits[octet >> 4], hex_digits[octet & 15]});
        }
        column += width;
    }
    return out;
}

std::string read_quoted_printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t found = text.find('\n');
        std::string_view line = text.substr(0, found);
        const bool ended = found != std::string_view::npos;
        text.remove_prefix(ended ? found + 1 : text.size());
        while (!line.empty() &&
               (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) {
            line.remove_suffix(1);
        }
        const bool soft = line.ends_with('=');
        for (std::size_t i = 0; i < line.size(); ++i) {
            const int high = i + 2 < line.size() && line[i] == '=' ? hex_value(line[i + 1]) : -1;
            const int low = high >= 0 ? hex_value(line[i + 2]) : -1;
            if (low >= 0) {
                out.push_back(static_cast<char>(high << 4 | low));
                i += 2;
            } else if (!(soft && i + 1 == line.size())) {
                out.push_back(line[i]);
            }
        }
        if (ended && !soft) {
            out.append("\r\n");
        }
    }
    return out;
}

}  // namespace bulla::mail

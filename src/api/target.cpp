#include "api/target.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fmt/format.h>

namespace bulla::api {

namespace {

constexpr std::size_t max_segments = 32;
constexpr std::size_t max_parameters = 64;

std::unexpected<Error> bad(std::string_view why) {
    return fail("http.bad_target", Fault::sender, fmt::format("The address {}.", why), "RFC 3986");
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            if (low < 0) {
                return bad("has a % without two hexadecimal digits");
            }
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (is_control(c)) {
            return bad("has a control character");
        }
        out.push_back(c);
    }
    if (!is_utf8(out)) {
        return bad("is no UTF-8");
    }
    return out;
}

Result<std::string> decode_segment(std::string_view text) {
    BULLA_TRY(segment, decode(text, false));
    if (segment == "." || segment == "..") {
        return bad("has a segment . or ..");
    }
    if (segment.find_first_of("/\\") != std::string::npos) {
        return bad("has a slash within a segment");
    }
    return segment;
}

Result<void> parse_query(Target& target, std::string_view query) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            return bad("has a parameter that is not name=value");
        }
        if (target.query.size() >= max_parameters) {
            return bad(fmt::format("has more than {} parameters", max_parameters));
        }
        BULLA_TRY(name, decode(pair.substr(0, equals), true));
        BULLA_TRY(value, decode(pair.substr(equals + 1), true));
        target.query.emplace_back(std::move(name), std::move(value));
    }
    return {};
}

// The length of the sequence that begins with `first`, and the least code point that may be written so; 0: none begins so.
struct Sequence {
    std::size_t length;
    std::uint32_t least;
    std::uint32_t bits;
};

Sequence sequence_of(unsigned char first) {
    if (first < 0x80) {
        return {1, 0, first};
    }
    if ((first & 0xe0U) == 0xc0) {
        return {2, 0x80, first & 0x1fU};
    }
    if ((first & 0xf0U) == 0xe0) {
        return {3, 0x800, first & 0x0fU};
    }
    if ((first & 0xf8U) == 0xf0) {
        return {4, 0x10000, first & 0x07U};
    }
    return {0, 0, 0};
}

}  // namespace

std::string Target::path() const {
    std::string out;
    for (const std::string& segment : segments) {
        out += '/';
        out += segment;
    }
    return out;
}

Result<Target> parse_target(std::string_view text) {
    Target target;
    const std::size_t mark = std::min(text.find('?'), text.size());
    std::string_view path = text.substr(0, mark);
    if (!path.starts_with('/')) {
        return bad("does not begin with a slash");
    }
    if (text.contains('#')) {
        return bad("has a fragment");
    }
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        if (target.segments.size() >= max_segments) {
            return bad(fmt::format("has more than {} segments", max_segments));
        }
        BULLA_TRY(segment, decode_segment(path.substr(0, end)));
        target.segments.push_back(std::move(segment));
        path.remove_prefix(end);
    }
    if (mark < text.size()) {
        BULLA_CHECK(parse_query(target, text.substr(mark + 1)));
    }
    return target;
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto [length, least, bits] = sequence_of(static_cast<unsigned char>(text[i]));
        if (length == 0 || i + length > text.size()) {
            return false;
        }
        std::uint32_t point = bits;
        for (std::size_t j = 1; j < length; ++j) {
            const auto next = static_cast<unsigned char>(text[i + j]);
            if ((next & 0xc0U) != 0x80) {
                return false;
            }
            point = point << 6U | (next & 0x3fU);
        }
        // RFC 3629 3: no overlong forms, no surrogates, nothing above U+10FFFF.
        if (point < least || (point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) {
            return false;
        }
        i += length;
    }
    return true;
}

}  // namespace bulla::api

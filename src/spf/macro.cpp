#include "spf/macro.h"

#include "spf/characters.h"

#include <algorithm>
#include <charconv>
#include <ranges>

namespace bulla::spf {

namespace {

constexpr std::size_t max_name = 253;
constexpr std::size_t max_label = 63;
// More parts than any value can have.
constexpr std::size_t many_parts = 1'000'000;
// Names are cut on the left, so that this much of a long expansion's end decides.
constexpr std::size_t name_window = 1024;
constexpr std::string_view delimiter_set = ".-+,/_=";
constexpr std::string_view default_delimiter = ".";
constexpr std::string_view domain_letters = "slodiphv";
constexpr std::string_view all_letters = "slodiphvcrt";

bool is_alphanumeric(char c) {
    return is_alpha(c) || is_digit(c);
}

std::unexpected<Error> bad_macro(std::string what) {
    return fail("spf.bad_macro", Fault::sender, std::move(what), "RFC 7208 7.1");
}

// RFC 7208 7.1: "toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum '-' *( alphanum / '-' ) alphanum )"
bool is_top_label(std::string_view label) {
    if (label.empty() || !is_alphanumeric(label.front()) || !is_alphanumeric(label.back())) {
        return false;
    }
    return std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; }) &&
           !std::ranges::all_of(label, is_digit);
}

std::string nibbles(const Ip& ip) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned octet : ip.bytes()) {
        text += {digits[octet >> 4U], '.', digits[octet & 15U], '.'};
    }
    text.pop_back();
    return text;
}

std::string escape_uri(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string escaped;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (is_alphanumeric(c) || std::string_view("-._~").contains(c)) {
            escaped += c;
        } else {
            escaped += {'%', digits[octet >> 4U], digits[octet & 15U]};
        }
    }
    return escaped;
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= max_label &&
           std::ranges::all_of(label, [](char c) { return c >= ' ' && c <= '~' && c != '\\'; });
}

}  // namespace

Result<MacroString::Macro> MacroString::parse_macro(std::string_view body, MacroUse use) {
    Macro macro;
    if (body.empty()) {
        return bad_macro("a macro without a letter");
    }
    macro.letter = lower(body.front());
    macro.escape = macro.letter != body.front();
    // RFC 7208 7.2: "The following macro letters are allowed only in 'exp' text:"
    // c, r and t. In a modifier that nobody knows they may stand too, for what it means cannot be known.
    if (!(use == MacroUse::domain_spec ? domain_letters : all_letters).contains(macro.letter)) {
        return bad_macro("a macro with a letter that may not stand here");
    }
    body.remove_prefix(1);
    const auto digits =
        static_cast<std::size_t>(std::ranges::find_if_not(body, is_digit) - body.begin());
    if (digits > 0) {
        const std::string number(body.substr(0, digits));
        const auto [end, error] =
            std::from_chars(number.data(), number.data() + number.size(), macro.keep);
        if (error == std::errc::result_out_of_range) {
            macro.keep = many_parts;
        }
        // RFC 7208 7.3: "If a DIGIT is specified, the value MUST be nonzero."
        if (macro.keep == 0) {
            return bad_macro("a macro that keeps no part");
        }
        body.remove_prefix(digits);
    }
    if (!body.empty() && lower(body.front()) == 'r') {
        macro.reverse = true;
        body.remove_prefix(1);
    }
    if (!std::ranges::all_of(body, [](char c) { return delimiter_set.contains(c); })) {
        return bad_macro("a macro with something other than a number, \"r\" and delimiters");
    }
    macro.delimiters = body;
    return macro;
}

Result<MacroString> MacroString::parse(std::string_view text, MacroUse use) {
    MacroString parsed;
    const auto visible = [&](char c) {
        return (c > ' ' && c <= '~') || (c == ' ' && use == MacroUse::explanation);
    };
    if (!std::ranges::all_of(text, visible)) {
        return bad_macro("a character that is not visible ASCII");
    }
    std::string literal;
    for (std::size_t at = 0; at < text.size(); ++at) {
        parsed.ends_in_macro_ = text[at] == '%';
        if (text[at] != '%') {
            literal += text[at];
            continue;
        }
        // RFC 7208 7.3: "A '%' character not followed by a '{', '%', '-', or '_' character is a syntax error."
        ++at;
        const char next = at < text.size() ? text[at] : '\0';
        if (next == '%' || next == '_') {
            literal += next == '%' ? '%' : ' ';
        } else if (next == '-') {
            literal += "%20";
        } else if (next == '{') {
            const auto end = text.find('}', at);
            if (end == std::string_view::npos) {
                return bad_macro("a macro without an end");
            }
            BULLA_TRY(macro, parse_macro(text.substr(at + 1, end - at - 1), use));
            parsed.pieces_.push_back({.literal = std::move(literal), .macro = std::move(macro)});
            literal.clear();
            at = end;
        } else {
            return bad_macro("a \"%\" that begins no macro");
        }
    }
    if (!literal.empty()) {
        parsed.pieces_.push_back({.literal = std::move(literal), .macro = std::nullopt});
    }
    if (use == MacroUse::domain_spec && !parsed.ends_like_a_domain()) {
        return bad_macro("a domain that ends in neither a macro nor a top-level label");
    }
    return parsed;
}

bool MacroString::ends_like_a_domain() const {
    if (pieces_.empty() || ends_in_macro_) {
        return !pieces_.empty();
    }
    // What "%%" and its kin gave stands in the literal too, but fits no top-level label.
    std::string_view tail = pieces_.back().literal;
    if (tail.ends_with('.')) {
        tail.remove_suffix(1);
    }
    const auto dot = tail.rfind('.');
    return dot != std::string_view::npos && is_top_label(tail.substr(dot + 1));
}

bool MacroString::uses(char letter) const {
    return std::ranges::any_of(
        pieces_, [&](const Piece& piece) { return piece.macro && piece.macro->letter == letter; });
}

std::string MacroString::value_of(const Macro& macro, const MacroValues& values) {
    switch (macro.letter) {
        case 's':
            return values.local + "@" + values.sender;
        case 'l':
            return values.local;
        case 'o':
            return values.sender;
        case 'd':
            return values.domain;
        case 'i':
            return values.client.is_v4() ? values.client.text() : nibbles(values.client);
        case 'p':
            return values.validated;
        case 'v':
            return values.client.is_v4() ? "in-addr" : "ip6";
        case 'h':
            return values.helo;
        case 'c':
            return values.client.text();
        case 'r':
            return values.receiver.empty() ? "unknown" : values.receiver;
        default:
            return std::to_string(values.seconds);
    }
}

// RFC 7208 7.3: "After performing any reversal operation and/or removal of left-hand parts, the parts are rejoined using '.' and not the
// original splitting characters."
// Delimiters that follow each other leave empty parts between them.
std::string MacroString::transform(const Macro& macro, const std::string& value) {
    if (macro.keep == 0 && !macro.reverse && macro.delimiters.empty()) {
        return value;
    }
    const std::string_view delimiters =
        macro.delimiters.empty() ? default_delimiter : std::string_view(macro.delimiters);
    std::vector<std::string_view> parts;
    for (std::string_view rest = value;;) {
        const auto end = rest.find_first_of(delimiters);
        parts.push_back(rest.substr(0, end));
        if (end == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(end + 1);
    }
    if (macro.reverse) {
        std::ranges::reverse(parts);
    }
    const bool cut = macro.keep != 0 && macro.keep < parts.size();
    std::string joined;
    for (const auto part : parts | std::views::drop(cut ? parts.size() - macro.keep : 0)) {
        joined.append(part).push_back('.');
    }
    joined.pop_back();
    return joined;
}

void MacroString::append(std::string& text, const Piece& piece, const MacroValues& values) {
    text += piece.literal;
    if (piece.macro) {
        const std::string value = transform(*piece.macro, value_of(*piece.macro, values));
        // RFC 7208 7.3: "URL escaping MUST be performed for characters not in the 'unreserved' set"
        text += piece.macro->escape ? escape_uri(value) : value;
    }
}

std::string MacroString::expand(const MacroValues& values, std::size_t limit) const {
    std::string text;
    for (const Piece& piece : pieces_) {
        if (text.size() > limit) {
            break;
        }
        append(text, piece, values);
    }
    return text;
}

std::optional<std::string> MacroString::expand_name(const MacroValues& values) const {
    std::string text;
    for (const Piece& piece : pieces_) {
        append(text, piece, values);
        if (text.size() > name_window) {
            text.erase(0, text.size() - name_window);
        }
    }
    return make_query_name(text);
}

std::optional<std::string> make_query_name(std::string_view text) {
    if (text.ends_with('.')) {
        text.remove_suffix(1);
    }
    // RFC 7208 7.3: "the left side is truncated to fit, by removing successive domain labels (and their following dots) until the total
    // length does not exceed 253 characters."
    while (text.size() > max_name) {
        const auto dot = text.find('.');
        if (dot == std::string_view::npos) {
            return std::nullopt;
        }
        text.remove_prefix(dot + 1);
    }
    for (std::string_view rest = text;;) {
        const auto dot = rest.find('.');
        if (!is_label(rest.substr(0, dot))) {
            return std::nullopt;
        }
        if (dot == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(dot + 1);
    }
    std::string name(text);
    std::ranges::transform(name, name.begin(), lower);
    return name;
}

bool is_within(std::string_view name, std::string_view ancestor) {
    return name.ends_with(ancestor) &&
           (name.size() == ancestor.size() || name[name.size() - ancestor.size() - 1] == '.');
}

}  // namespace bulla::spf

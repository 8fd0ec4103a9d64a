#include "config/toml.h"

#include <algorithm>
#include <cstdint>
#include <expected>
#include <stdexcept>

namespace bulla::config {

/// The parser of toml++ 3.3 meets what it asserts can never be, on malformed files: an error in the file, not an end of the program.
[[noreturn]] inline void give_up_on_toml() {
    throw std::invalid_argument("malformed");
}

}  // namespace bulla::config

#define TOML_ASSERT(expression) ((expression) ? void() : ::bulla::config::give_up_on_toml())
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#include <fmt/format.h>
#include <toml++/toml.h>

namespace bulla::config {
namespace {

constexpr std::size_t max_bytes = 1U << 20U;

Node convert(const toml::node& from);

Node convert_table(const toml::table& from) {
    Node node{.kind = Node::Kind::table};
    node.items.reserve(from.size());
    for (const auto& [name, value] : from) {
        node.items.push_back(convert(value));
        node.items.back().name = name.str();
    }
    return node;
}

Node convert_array(const toml::array& from) {
    Node node{.kind = Node::Kind::array};
    node.items.reserve(from.size());
    for (const toml::node& item : from) {
        node.items.push_back(convert(item));
    }
    return node;
}

Node convert_value(const toml::node& from) {
    if (const auto* text = from.as_string()) {
        return Node{.kind = Node::Kind::text, .text = text->get()};
    }
    if (const auto* whole = from.as_integer()) {
        return Node{.kind = Node::Kind::whole, .whole = whole->get()};
    }
    if (const auto* flag = from.as_boolean()) {
        return Node{.kind = Node::Kind::flag, .flag = flag->get()};
    }
    return Node{};
}

// The parser bounds nesting, so the recursion is bounded too.
Node convert(const toml::node& from) {  // NOLINT(misc-no-recursion)
    Node node;
    if (const auto* table = from.as_table()) {
        node = convert_table(*table);
    } else if (const auto* array = from.as_array()) {
        node = convert_array(*array);
    } else {
        node = convert_value(from);
    }
    node.line = static_cast<int>(from.source().begin.line);
    node.column = static_cast<int>(from.source().begin.column);
    return node;
}

/// Skips the comment, string or single character that begins at `at`.
std::size_t skip_token(std::string_view text, std::size_t at) {
    const char first = text[at];
    if (first == '#') {
        return std::min(text.find('\n', at), text.size());
    }
    if (first != '"' && first != '\'') {
        return at + 1;
    }
    const std::string_view quote =
        text.substr(at, 3) == std::string(3, first) ? text.substr(at, 3) : text.substr(at, 1);
    for (at += quote.size(); at < text.size(); ++at) {
        if (first == '"' && text[at] == '\\') {
            ++at;
        } else if (text.substr(at).starts_with(quote)) {
            return at + quote.size();
        } else if (quote.size() == 1 && text[at] == '\n') {
            return at;
        }
    }
    return text.size();
}

bool is_beyond_ascii(char c) {
    return static_cast<unsigned char>(c) > 127;
}

/// Reads the character of more than one octet that `text` begins with (RFC 3629 3) and appends it to `out` as \UXXXXXXXX; its octets, or 0 if
/// it is none.
std::size_t escape_character(std::string_view text, std::string& out) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t octets = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    if (octets == 0 || first > 0xF4 || text.size() < octets) {
        return 0;
    }
    std::uint32_t code = first & (0x7FU >> octets);
    for (const char c : text.substr(1, octets - 1)) {
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
            return 0;
        }
        code = code << 6U | (static_cast<unsigned char>(c) & 0x3FU);
    }
    out += fmt::format("\\U{:08X}", code);
    return octets;
}

/// `text` without octets above 127: those of "strings" as escapes, those of comments as '?'. toml++ 3.3 looks for white space beyond ASCII by
/// a table that does not cover all characters, so it must not meet any. What stands elsewhere is given as the position of an error.
std::expected<std::string, std::size_t> make_ascii(std::string_view text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto end = skip_token(text, at);
        const char kind = text[at];
        while (at < end) {
            if (!is_beyond_ascii(text[at])) {
                out += text[at++];
            } else if (kind == '#') {
                out += '?';
                ++at;
            } else if (const auto octets =
                           kind == '"' ? escape_character(text.substr(at, end - at), out) : 0;
                       octets > 0) {
                at += octets;
            } else {
                return std::unexpected(at);
            }
        }
    }
    return out;
}

}  // namespace

Result<Node> parse_toml(std::string_view text, const std::string& path) {
    if (text.size() > max_bytes) {
        return fail("config.too_large", Fault::us, path + ": larger than 1 MiB");
    }
    const auto ascii = make_ascii(text);
    if (!ascii) {
        const auto before = text.substr(0, ascii.error());
        return fail(
            "config.bad",
            Fault::us,
            fmt::format(
                "{}:{}:{}: characters beyond ASCII may stand in \"strings\" and comments only",
                path,
                std::ranges::count(before, '\n') + 1,
                before.size() - (before.rfind('\n') + 1) + 1));
    }
    try {
        return convert(toml::parse(*ascii));
    } catch (const toml::parse_error& error) {
        return fail("config.bad",
                    Fault::us,
                    fmt::format("{}:{}:{}: {}",
                                path,
                                error.source().begin.line,
                                error.source().begin.column,
                                error.description()));
    } catch (const std::invalid_argument&) {
        return fail("config.bad", Fault::us, path + ": this is not TOML");
    }
}

std::string write_toml_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (octet < 0x20 || octet == 0x7F) {
            fmt::format_to(std::back_inserter(out), "\\u{:04X}", octet);
        } else {
            out.push_back(c);
        }
    }
    return out + '"';
}

}  // namespace bulla::config

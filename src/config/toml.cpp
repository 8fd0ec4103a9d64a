#include "config/toml.h"

#include <algorithm>
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

/// Where an octet above 127 stands outside comments and strings; npos: nowhere. TOML 1.0 has no place for it there, and toml++ 3.3 takes
/// such characters for white space by a table that does not cover them all.
std::size_t find_stray_octet(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (static_cast<unsigned char>(text[at]) > 127) {
            return at;
        }
        at = skip_token(text, at);
    }
    return std::string_view::npos;
}

}  // namespace

Result<Node> parse_toml(std::string_view text, const std::string& path) {
    if (text.size() > max_bytes) {
        return fail("config.too_large", Fault::us, path + ": larger than 1 MiB");
    }
    if (const auto stray = find_stray_octet(text); stray != std::string_view::npos) {
        const auto before = text.substr(0, stray);
        return fail(
            "config.bad",
            Fault::us,
            fmt::format(
                "{}:{}:{}: a character that is not ASCII may stand in strings and comments only",
                path,
                std::ranges::count(before, '\n') + 1,
                stray - (before.rfind('\n') + 1) + 1));
    }
    try {
        return convert(toml::parse(text));
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

#include "config/toml.h"

#define TOML_EXCEPTIONS 0
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

}  // namespace

Result<Node> parse_toml(std::string_view text, const std::string& path) {
    if (text.size() > max_bytes) {
        return fail("config.too_large", Fault::us, path + ": larger than 1 MiB");
    }
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return fail("config.bad",
                    Fault::us,
                    fmt::format("{}:{}:{}: {}",
                                path,
                                error.source().begin.line,
                                error.source().begin.column,
                                error.description()));
    }
    return convert(parsed.table());
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

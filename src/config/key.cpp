#include "config/key.h"

#include <filesystem>
#include <fmt/format.h>

namespace bulla::config {
namespace {

constexpr std::size_t max_items = 1000;
constexpr std::size_t max_text = 4096;

}  // namespace

std::unexpected<Error> bad_at(const Place& place, const Node& node, std::string_view why) {
    const std::string name = node.name.empty() ? std::string() : node.name + " ";
    return fail("config.bad",
                Fault::us,
                fmt::format("{}:{}:{}: {}{}", place.path, node.line, node.column, name, why));
}

Result<std::int64_t> read_number(const Node& node,
                                 const Place& place,
                                 std::pair<std::int64_t, std::int64_t> range,
                                 Result<std::int64_t> (*parse)(std::string_view)) {
    std::int64_t value = node.whole;
    if (node.kind == Node::Kind::text && parse != nullptr) {
        const auto parsed = parse(node.text);
        if (!parsed) {
            return bad_at(place, node, parsed.error().text);
        }
        value = *parsed;
    } else if (node.kind != Node::Kind::whole) {
        return bad_at(place,
                      node,
                      parse == nullptr ? "must be a whole number"
                                       : "must be a whole number or a text with a unit");
    }
    if (value < range.first || value > range.second) {
        return bad_at(place, node, fmt::format("must be from {} to {}", range.first, range.second));
    }
    return value;
}

Result<std::string> read_text(const Node& node, const Place& place) {
    if (node.kind != Node::Kind::text) {
        return bad_at(place, node, "must be a text");
    }
    if (node.text.size() > max_text || node.text.find('\0') != std::string::npos) {
        return bad_at(place, node, "must be at most 4096 octets without a NUL");
    }
    return node.text;
}

Result<std::vector<std::string>> read_texts(const Node& node, const Place& place) {
    if (node.kind != Node::Kind::array || node.items.size() > max_items) {
        return bad_at(place, node, "must be a list of at most 1000 texts");
    }
    std::vector<std::string> out;
    out.reserve(node.items.size());
    for (const Node& item : node.items) {
        BULLA_TRY(text, read_text(item, place));
        out.push_back(std::move(text));
    }
    return out;
}

Result<std::vector<Cidr>> read_networks(const Node& node, const Place& place) {
    BULLA_TRY(texts, read_texts(node, place));
    std::vector<Cidr> out;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        auto network = Cidr::parse(texts[i]);
        if (!network) {
            return bad_at(place, node.items[i], network.error().text);
        }
        out.push_back(*network);
    }
    return out;
}

std::string write_texts(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) {
        out += (out.empty() ? "" : ", ") + write_toml_string(text);
    }
    return "[" + out + "]";
}

std::string resolve(const Place& place, const std::string& path) {
    return path.empty()
               ? path
               : (std::filesystem::path(place.directory) / path).lexically_normal().string();
}

std::string_view word_at(std::string_view words, std::size_t index) {
    for (; index > 0; --index) {
        const std::size_t bar = words.find(" | ");
        words = bar == std::string_view::npos ? std::string_view() : words.substr(bar + 3);
    }
    return words.substr(0, words.find(" | "));
}

Result<std::size_t> read_choice(const Node& node, const Place& place, std::string_view words) {
    BULLA_TRY(text, read_text(node, place));
    for (std::size_t index = 0; !word_at(words, index).empty(); ++index) {
        if (word_at(words, index) == text) {
            return index;
        }
    }
    return bad_at(place, node, fmt::format("must be one of: {}", words));
}

}  // namespace bulla::config

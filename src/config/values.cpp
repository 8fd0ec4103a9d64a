#include "config/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <limits>
#include <span>

namespace bulla::config {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

// Descending, so that the first that divides gives the shortest text.
constexpr std::array<Unit, 4> size_units{
    {{"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}, {"B", 1}}};
constexpr std::array<Unit, 4> duration_units{{{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}}};

Result<std::int64_t> parse_with(std::string_view text, std::span<const Unit> units) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    std::string_view name = text.substr(digits);
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    BULLA_TRY(number, parse_whole(text.substr(0, digits)));
    std::int64_t factor = name.empty() && digits == text.size() ? 1 : 0;
    for (const Unit& unit : units) {
        factor = unit.name == name ? unit.factor : factor;
    }
    if (factor == 0 || number > std::numeric_limits<std::int64_t>::max() / factor) {
        return fail("value.bad",
                    Fault::sender,
                    fmt::format("\"{}\" is no number with a unit of {}",
                                text,
                                units.front().name == "d" ? "s, min, h, d" : "B, KiB, MiB, GiB"));
    }
    return number * factor;
}

std::string write_with(std::int64_t value, std::span<const Unit> units) {
    for (const Unit& unit : units) {
        if (value != 0 && value % unit.factor == 0) {
            return fmt::format("{} {}", value / unit.factor, unit.name);
        }
    }
    return fmt::format("{} {}", value, units.back().name);
}

}  // namespace

Result<std::int64_t> parse_whole(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return fail("value.bad", Fault::sender, fmt::format("\"{}\" is no whole number", text));
    }
    return value;
}

Result<std::int64_t> parse_size(std::string_view text) {
    return parse_with(text, size_units);
}

std::string write_size(std::int64_t octets) {
    return write_with(octets, size_units);
}

Result<std::int64_t> parse_duration(std::string_view text) {
    return parse_with(text, duration_units);
}

std::string write_duration(std::int64_t seconds) {
    return write_with(seconds, duration_units);
}

bool is_pattern(std::string_view pattern) {
    const auto bad = [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '"' || c == '\\';
    };
    return !pattern.empty() && pattern.size() <= 253 && std::ranges::none_of(pattern, bad) &&
           std::ranges::count(pattern, '@') <= 1;
}

}  // namespace bulla::config

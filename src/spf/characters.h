#pragma once
#include <algorithm>
#include <string_view>

// The classes of characters of RFC 7208's grammar: ASCII, whatever the locale.

namespace bulla::spf {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_alpha(char c) {
    return lower(c) >= 'a' && lower(c) <= 'z';
}

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// True if the two differ in letter case alone.
constexpr bool is_same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace bulla::spf

#pragma once
#include <cstddef>
#include <string_view>

namespace bulla {

/// How many octets of a character that steers whoever shows the text stand at the start of `text`: a control (C0, DEL, C1 in UTF-8: they steer
/// terminals as ESC does) or a mark that turns the direction of text or breaks a line (U+2028, U+2029, U+202A…U+202E, U+2066…U+2069). 0: none.
[[nodiscard]] constexpr std::size_t hazard_length(std::string_view text) {
    const auto at = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    if (text.empty()) {
        return 0;
    }
    if (at(0) < 0x20U || at(0) == 0x7FU) {
        return 1;
    }
    if (at(0) == 0xC2U) {
        return at(1) >= 0x80U && at(1) < 0xA0U ? 2 : 0;
    }
    const bool turns = at(0) == 0xE2U && ((at(1) == 0x80U && at(2) >= 0xA8U && at(2) <= 0xAEU) ||
                                          (at(1) == 0x81U && at(2) >= 0xA6U && at(2) <= 0xA9U));
    return turns ? 3 : 0;
}

}  // namespace bulla

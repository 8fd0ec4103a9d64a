#pragma once
#include "services/service.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

// What the calls that give lists share: {cursor?, limit?} → {items, next?}.

namespace bulla::services {

inline constexpr std::int64_t max_page = 1000;
inline constexpr std::int64_t usual_page = 100;

/// The argument "limit", 1 to 1000.
[[nodiscard]] inline Result<std::size_t> read_limit(Arguments& in) {
    BULLA_TRY(limit, in.whole_or("limit", usual_page));
    return static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 1, max_page));
}

/// The argument "cursor" of a list whose cursors are numbers; `fallback` without one. Error: service.bad_argument.
[[nodiscard]] inline Result<std::int64_t> read_cursor(Arguments& in, std::int64_t fallback) {
    BULLA_TRY(text, in.text_or("cursor", "", 32));
    if (text.empty()) {
        return fallback;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 0) {
        return refuse("cursor", "service.bad_argument", "cursor must be `next` of an answer");
    }
    return number;
}

}  // namespace bulla::services

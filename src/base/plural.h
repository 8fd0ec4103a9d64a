#pragma once
#include <concepts>
#include <string>
#include <string_view>

namespace bulla {

/// "1 message", "2 messages", "0 messages".
template <std::integral Number>
[[nodiscard]] std::string plural(Number count, std::string_view one, std::string_view many) {
    return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

}  // namespace bulla

#pragma once
#include <cstddef>
#include <string_view>

#ifdef __SSE2__
#include <bit>
#include <emmintrin.h>
#endif

namespace bulla::smtp {

/// The position of the first of `octets` in `text` at or after `from`; text.size() if there is none.
template <char... octets>
std::size_t find_octet(std::string_view text, std::size_t from) {
    std::size_t at = from;
#ifdef __SSE2__
    for (; at + 16 <= text.size(); at += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        const auto mask = static_cast<unsigned>(
            (_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(octets))) | ...));
        if (mask != 0) {
            return at + static_cast<std::size_t>(std::countr_zero(mask));
        }
    }
#endif
    while (at < text.size() && ((text[at] != octets) && ...)) {
        ++at;
    }
    return at;
}

/// The position of the first CR or LF of `text` at or after `from`; text.size() if there is none.
inline std::size_t find_line_break(std::string_view text, std::size_t from) {
    return find_octet<'\r', '\n'>(text, from);
}

/// The same for CR, LF and NUL, which a message that comes in must be searched for.
inline std::size_t find_text_break(std::string_view text, std::size_t from) {
    return find_octet<'\r', '\n', '\0'>(text, from);
}

}  // namespace bulla::smtp

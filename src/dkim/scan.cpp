#include "dkim/scan.h"

#include <bit>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bulla::dkim {

const char* find_special_scalar(const char* at, const char* end) {
    for (; at != end; ++at) {
        if (*at == '\t') {
            return at;
        }
        if (*at == ' ' && (at + 1 == end || at[1] == ' ' || at[1] == '\r')) {
            return at;
        }
    }
    return end;
}

#if defined(__x86_64__)

const char* find_special_sse2(const char* at, const char* end) {
    const __m128i space = _mm_set1_epi8(' ');
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i cr = _mm_set1_epi8('\r');
    for (; end - at > 16; at += 16) {
        const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 1));
        const __m128i after = _mm_or_si128(_mm_cmpeq_epi8(next, space), _mm_cmpeq_epi8(next, cr));
        const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(here, tab),
                                           _mm_and_si128(_mm_cmpeq_epi8(here, space), after));
        const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(found));
        if (mask != 0) {
            return at + std::countr_zero(mask);
        }
    }
    return find_special_scalar(at, end);
}

namespace {

__attribute__((target("avx2"))) inline __m256i specials(const char* at) {
    const __m256i space = _mm256_set1_epi8(' ');
    const __m256i here = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 1));
    const __m256i after = _mm256_or_si256(_mm256_cmpeq_epi8(next, space),
                                          _mm256_cmpeq_epi8(next, _mm256_set1_epi8('\r')));
    return _mm256_or_si256(_mm256_cmpeq_epi8(here, _mm256_set1_epi8('\t')),
                           _mm256_and_si256(_mm256_cmpeq_epi8(here, space), after));
}

__attribute__((target("avx2"))) inline std::uint32_t mask_of(__m256i found) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(found));
}

}  // namespace

__attribute__((target("avx2"))) const char* find_special_avx2(const char* at, const char* end) {
    for (; end - at > 64; at += 64) {
        const __m256i low = specials(at);
        const __m256i high = specials(at + 32);
        const __m256i both = _mm256_or_si256(low, high);
        if (_mm256_testz_si256(both, both) == 0) {
            const std::uint64_t mask = mask_of(low) | static_cast<std::uint64_t>(mask_of(high))
                                                          << 32;
            return at + std::countr_zero(mask);
        }
    }
    return find_special_sse2(at, end);
}

bool has_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
}

const char* find_special(const char* at, const char* end) {
    static const FindSpecial chosen = has_avx2() ? find_special_avx2 : find_special_sse2;
    return chosen(at, end);
}

#else

const char* find_special(const char* at, const char* end) {
    return find_special_scalar(at, end);
}

#endif

}  // namespace bulla::dkim

#pragma once

namespace bulla::dkim {

/// Finds the first octet in [at, end) where the relaxed body canonicalisation may have to change something: a TAB, or a SP that is followed
/// by SP, CR or the end. Returns `end` if there is none. A SP before a TAB is not found: the caller looks one octet back.
using FindSpecial = const char* (*)(const char* at, const char* end);

/// The fastest of the three for this processor, chosen once.
[[nodiscard]] const char* find_special(const char* at, const char* end);

/// The same, one octet at a time.
[[nodiscard]] const char* find_special_scalar(const char* at, const char* end);
#if defined(__x86_64__)
/// 16 octets at a time; every x86-64 has SSE2.
[[nodiscard]] const char* find_special_sse2(const char* at, const char* end);
/// 64 octets at a time; only where has_avx2().
[[nodiscard]] const char* find_special_avx2(const char* at, const char* end);
[[nodiscard]] bool has_avx2();
#endif

}  // namespace bulla::dkim

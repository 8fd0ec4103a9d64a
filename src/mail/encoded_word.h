#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace bulla::mail {

/// Limits on decoding; what lies beyond them stays as it is written.
struct EncodedWordLimits {
    std::size_t max_words = 256;         ///< Encoded words decoded in one value.
    std::size_t max_output = 64 * 1024;  ///< Octets of UTF-8; the rest is cut at a character.
};

/// The text of an unstructured field or phrase (RFC 2047) as valid UTF-8 for people: unfolded, encoded words decoded (white space between
/// two of them is dropped, 6.2), raw octets that are not UTF-8 and control characters replaced by U+FFFD. Words in an unknown charset
/// stay as written. Never fails.
[[nodiscard]] std::string decode_encoded_words(std::string_view value,
                                               const EncodedWordLimits& limits = {});

/// `utf8` as an unstructured value: itself if it is printable ASCII that cannot be taken for an encoded word, else encoded words of at
/// most 75 characters (RFC 2047 2), never cut inside a character, with a space between them.
[[nodiscard]] std::string encode_words(std::string_view utf8);

/// `bytes` of `charset` (an IANA name) as UTF-8, appended to `out`; false if the charset is unknown. Malformed input becomes U+FFFD.
[[nodiscard]] bool append_as_utf8(std::string& out,
                                  std::string_view bytes,
                                  std::string_view charset);

/// Appends `text` as valid UTF-8: malformed sequences and C0 controls (apart from TAB) become U+FFFD.
void append_clean_utf8(std::string& out, std::string_view text);

}  // namespace bulla::mail

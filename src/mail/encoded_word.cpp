#include "mail/encoded_word.h"

#include "base/encoding.h"
#include "mail/message.h"
#include "mail/transfer.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <unicode/ucnv.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

namespace bulla::mail {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::size_t max_charset = 40;
// Writers exceed the 75 characters of RFC 2047 2; a bound all the same keeps the search for the end of a word cheap.
constexpr std::size_t longest_word = 4096;
// "=?UTF-8?B?" + 60 characters of base64 + "?=" is 72 characters, below the 75 that RFC 2047 2 allows.
constexpr std::size_t bytes_per_word = 45;

struct Word {
    std::string charset;
    std::string bytes;
    std::size_t length = 0;  // as written
};

// RFC 2047 4.2: "The 8-bit hexadecimal value 20 (e.g., ISO-8859-1 SPACE) may be represented as '_'"; the rest is
// quoted-printable without line ends.
std::string read_q(std::string_view text) {
    std::string copy(text);
    std::ranges::replace(copy, '_', ' ');
    // read_quoted_printable drops white space at the end of a line, which "_" must not be.
    const std::size_t last = copy.find_last_not_of(' ');
    const std::size_t kept = last == std::string::npos ? 0 : last + 1;
    return read_quoted_printable(std::string_view(copy).substr(0, kept)) + copy.substr(kept);
}

// The encoded word that `text` begins with: "=?" charset ["*" language] "?" encoding "?" text "?=" (RFC 2047 2, RFC 2231 5).
std::optional<Word> read_word(std::string_view text) {
    const std::size_t charset_end = text.find('?', 2);
    if (charset_end == std::string_view::npos || charset_end + 2 >= text.size() ||
        text[charset_end + 2] != '?') {
        return std::nullopt;
    }
    const std::size_t begin = charset_end + 3;
    const std::size_t end = text.find("?=", begin);
    const std::string_view content =
        end == std::string_view::npos ? std::string_view{} : text.substr(begin, end - begin);
    const char encoding = static_cast<char>(text[charset_end + 1] | 0x20);
    std::string_view charset = text.substr(2, charset_end - 2);
    charset = charset.substr(0, charset.find('*'));
    if (end == std::string_view::npos || charset.empty() || charset.size() > max_charset ||
        (encoding != 'q' && encoding != 'b') ||
        content.find_first_of(" \t?") != std::string_view::npos) {
        return std::nullopt;
    }
    return Word{.charset = std::string(charset),
                .bytes = encoding == 'q' ? read_q(content) : read_base64_lines(content),
                .length = end + 2};
}

class Decoder {
  public:
    Decoder(std::string_view text, const EncodedWordLimits& limits)
        : text_(text), limits_(limits) {}

    std::string run() {
        while (!text_.empty() && out_.size() < limits_.max_output) {
            const std::size_t start = text_.find("=?");
            const std::string_view plain = text_.substr(0, start);
            const bool only_space = plain.find_first_not_of(" \t") == std::string_view::npos;
            auto word = start == std::string_view::npos || words_ == limits_.max_words
                            ? std::nullopt
                            : read_word(text_.substr(start, longest_word));
            if (!word) {
                const std::size_t taken =
                    start == std::string_view::npos ? text_.size() : start + 2;
                flush();
                append_clean_utf8(out_, text_.substr(0, taken));
                text_.remove_prefix(taken);
                after_word_ = false;
                continue;
            }
            if (!(after_word_ && only_space)) {
                flush();
                append_clean_utf8(out_, plain);
            }
            take(start, *word);
        }
        flush();
        return cut(std::move(out_));
    }

  private:
    void take(std::size_t start, const Word& word) {
        ++words_;
        after_word_ = true;
        if (!equal_ignoring_case(pending_.charset, word.charset)) {
            flush();
            pending_.charset = word.charset;
        }
        // Writers cut characters between words, although RFC 2047 5 forbids it: the octets of neighbours are joined before conversion.
        pending_.bytes.append(word.bytes);
        pending_.length += word.length;
        pending_text_.append(text_.substr(start, word.length));
        text_.remove_prefix(start + word.length);
    }

    void flush() {
        if (pending_.length > 0) {
            std::string converted;
            if (append_as_utf8(converted, pending_.bytes, pending_.charset)) {
                append_clean_utf8(out_, converted);
            } else {
                append_clean_utf8(out_, pending_text_);
            }
        }
        pending_ = {};
        pending_text_.clear();
    }

    [[nodiscard]] std::string cut(std::string text) const {
        if (text.size() > limits_.max_output) {
            std::size_t end = limits_.max_output;
            while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
                --end;
            }
            text.resize(end);
        }
        return text;
    }

    std::string_view text_;
    const EncodedWordLimits& limits_;
    std::string out_;
    Word pending_;
    std::string pending_text_;
    std::size_t words_ = 0;
    bool after_word_ = false;
};

}  // namespace

void append_clean_utf8(std::string& out, std::string_view text) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    const auto size = static_cast<std::int32_t>(
        std::min<std::size_t>(text.size(), std::numeric_limits<std::int32_t>::max()));
    for (std::int32_t at = 0; at < size;) {
        const std::int32_t begin = at;
        UChar32 character = 0;
        // NOLINTNEXTLINE(bugprone-inc-dec-in-conditions): what ICU's macro does inside
        U8_NEXT(bytes, at, size, character);
        const bool control = character < 0x20 ? character != '\t' : character == 0x7F;
        if (character < 0 || control) {
            out.append(replacement);
        } else {
            out.append(
                text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin)));
        }
    }
}

bool append_as_utf8(std::string& out, std::string_view bytes, std::string_view charset) {
    if (charset.empty() || charset.size() > max_charset ||
        bytes.size() > std::numeric_limits<std::int32_t>::max() / 4) {
        return false;
    }
    if (equal_ignoring_case(charset, "utf-8") || equal_ignoring_case(charset, "us-ascii")) {
        out.append(bytes);
        return true;
    }
    UErrorCode status = U_ZERO_ERROR;
    const icu::LocalUConverterPointer converter(ucnv_open(std::string(charset).c_str(), &status));
    if (U_FAILURE(status)) {
        return false;
    }
    const icu::UnicodeString text(
        bytes.data(), static_cast<std::int32_t>(bytes.size()), converter.getAlias(), status);
    if (U_FAILURE(status)) {
        return false;
    }
    text.toUTF8String(out);
    return true;
}

std::string decode_encoded_words(std::string_view value, const EncodedWordLimits& limits) {
    const std::string text = unfold(value);
    return Decoder(text, limits).run();
}

std::string encode_words(std::string_view utf8) {
    const bool plain = std::ranges::all_of(utf8, [](char c) { return c >= ' ' && c < '\x7F'; });
    if (plain && !utf8.contains("=?")) {
        return std::string(utf8);
    }
    std::string clean;
    append_clean_utf8(clean, utf8);
    std::string out;
    for (std::string_view rest = clean; !rest.empty();) {
        std::size_t length = std::min(bytes_per_word, rest.size());
        while (length < rest.size() && (static_cast<unsigned char>(rest[length]) & 0xC0) == 0x80) {
            --length;
        }
        out.append(out.empty() ? "=?UTF-8?B?" : " =?UTF-8?B?");
        base64_append(out, rest.substr(0, length));
        out.append("?=");
        rest.remove_prefix(length);
    }
    return out;
}

}  // namespace bulla::mail

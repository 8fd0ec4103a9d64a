#pragma once
#include "base/error.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::dkim {

/// One tag=value (RFC 6376 3.2) as views into the text that was parsed.
struct Tag {
    std::string_view name;
    std::string_view value;     ///< Without white space at its ends; folding inside it stays.
    std::size_t raw_begin = 0;  ///< Offset behind the "=".
    std::size_t raw_end = 0;    ///< Offset of the ";" or the end of the text.
};

struct TagLimits {
    std::size_t max_octets = 64 * 1024;
    std::size_t max_tags = 64;
};

/// A tag list as DKIM-Signature and key records hold it. Views into the text given to parse(), which must outlive it.
class TagList {
  public:
    /// Errors: dkim.bad_tags (syntax, or a tag twice), dkim.too_many_tags.
    [[nodiscard]] static Result<TagList> parse(std::string_view text, const TagLimits& limits = {});

    /// The tag `name` (case counts), or null.
    [[nodiscard]] const Tag* find(std::string_view name) const;
    /// The value of tag `name`, or empty.
    [[nodiscard]] std::string_view value(std::string_view name) const;

    [[nodiscard]] const std::vector<Tag>& tags() const { return tags_; }

  private:
    std::vector<Tag> tags_;
};

/// `text` without any folding white space (RFC 6376 2.8).
[[nodiscard]] std::string without_space(std::string_view text);
/// Base64 (RFC 4648 4) with folding white space anywhere in it (RFC 6376 2.10). Error: base64.bad.
[[nodiscard]] Result<std::string> decode_base64(std::string_view text);
/// `text` without folding white space at both ends.
[[nodiscard]] std::string_view trim_space(std::string_view text);
/// Cuts `text` at `separator` into pieces without white space around them; one empty piece if `text` is empty.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text, char separator);

/// True if split_list(text, ':') has the piece `word`.
[[nodiscard]] bool lists_word(std::string_view text, std::string_view word);

/// `text` in dkim-quoted-printable (RFC 6376 2.11), which also fits in z= (no "|").
[[nodiscard]] std::string write_quoted(std::string_view text);
/// Reads dkim-quoted-printable; white space is ignored, malformed escapes stay as they are.
[[nodiscard]] std::string read_quoted(std::string_view text);

}  // namespace bulla::dkim

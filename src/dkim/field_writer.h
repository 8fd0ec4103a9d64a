#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace bulla::dkim {

/// Writes one header field piece by piece, with a line end before each piece that would pass column 78 (RFC 5322 2.1.1).
class FieldWriter {
  public:
    explicit FieldWriter(std::string_view name);

    /// A piece that is not broken, with a space before it.
    void word(std::string_view text);
    /// A piece that follows the last one directly, or after a fold.
    void glue(std::string_view text);
    /// Begins a new line, on which a word must follow: what comes then does not depend on what was written before.
    void line();
    /// Text that may be broken anywhere but inside an escape of quoted-printable ("=3B"), such as base64.
    void stream(std::string_view text, bool has_escapes = false);

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    void fold();

    std::string text_;
    std::size_t column_ = 0;
};

}  // namespace bulla::dkim

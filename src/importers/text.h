#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Small tools for configuration files.

namespace bulla::importers {

inline constexpr std::string_view blanks = " \t\r\f\v";

/// A piece of a line and where it begins in it, from 1.
struct Piece {
    std::string_view text;
    std::size_t column = 1;
};

/// Goes through the lines of a text, numbered from 1, without their ends.
class Lines {
  public:
    explicit Lines(std::string_view text) : rest_(text) {}

    /// False after the last one.
    [[nodiscard]] bool next();

    [[nodiscard]] std::string_view text() const { return line_; }

    [[nodiscard]] std::size_t number() const { return number_; }

  private:
    std::string_view rest_;
    std::string_view line_;
    std::size_t number_ = 0;
};

/// Without white space at both ends.
[[nodiscard]] Piece trim(Piece piece);
[[nodiscard]] std::string_view trim(std::string_view text);
/// The first word, which is taken off `piece` with the white space before and after it; empty if there is none.
[[nodiscard]] Piece take_word(Piece& piece);
/// Cut at each octet of `marks`, trimmed; empty ones are left out.
[[nodiscard]] std::vector<Piece> split(Piece piece, std::string_view marks);

[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] bool same_word(std::string_view a, std::string_view b);  ///< ASCII, whatever the case
/// "a, b, c"
[[nodiscard]] std::string join(const std::vector<std::string>& words);
/// All of `mark` in `text` replaced.
[[nodiscard]] std::string replace_all(std::string_view text,
                                      std::string_view mark,
                                      std::string_view with);

}  // namespace bulla::importers

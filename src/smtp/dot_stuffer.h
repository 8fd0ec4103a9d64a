#pragma once
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace bulla::smtp {

/// Gives a message as DATA wants it, dot-stuffed and with CRLF.CRLF at its end (RFC 5321 4.5.2), as views: nothing is copied. What is given
/// points into the message or into static text.
class DotStuffer {
  public:
    explicit DotStuffer(std::vector<std::string_view> pieces = {}) : pieces_(std::move(pieces)) {}

    /// Appends at most `max` views (and up to three of the end) to `out`; false when all was given.
    bool next(std::vector<std::string_view>& out, std::size_t max);

  private:
    std::vector<std::string_view> pieces_;
    std::size_t piece_ = 0;
    bool line_start_ = true;
    bool ended_ = false;
};

}  // namespace bulla::smtp

#pragma once
#include "base/error.h"

#include <compare>
#include <string>
#include <string_view>

namespace bulla {

/// A DKIM selector (RFC 6376 3.1): one or more DNS labels, in lower case.
class Selector {
  public:
    /// Error: selector.bad.
    [[nodiscard]] static Result<Selector> parse(std::string_view text);

    [[nodiscard]] const std::string& text() const { return text_; }

    auto operator<=>(const Selector&) const = default;

  private:
    explicit Selector(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

}  // namespace bulla

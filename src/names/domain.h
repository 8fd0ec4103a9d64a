#pragma once
#include "base/error.h"

#include <compare>
#include <string>
#include <string_view>

namespace bulla {

/// A domain name in its one comparable form: lower-case A-labels (RFC 5890), no trailing dot, at most 253 octets. Only parse() makes one.
class DomainName {
  public:
    /// Reads a domain name in ASCII or UTF-8 (U-labels become A-labels by UTS #46, non-transitional); a single trailing dot is dropped.
    /// Underscore is allowed, as names of DNS records have it. Error: domain.bad.
    [[nodiscard]] static Result<DomainName> parse(std::string_view text);

    [[nodiscard]] const std::string& ascii() const { return ascii_; }

    /// The form for people, with U-labels.
    [[nodiscard]] std::string unicode() const;
    /// True if this is `ancestor` or below it.
    [[nodiscard]] bool is_within(const DomainName& ancestor) const;
    /// The domain one label up; empty text if there is none.
    [[nodiscard]] std::string_view parent() const;

    auto operator<=>(const DomainName&) const = default;

  private:
    explicit DomainName(std::string ascii) : ascii_(std::move(ascii)) {}

    std::string ascii_;
};

}  // namespace bulla

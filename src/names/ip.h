#pragma once
#include "base/error.h"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulla {

/// An IP address; IPv4 is held as IPv4-mapped IPv6, so that "::ffff:192.0.2.1" and "192.0.2.1" are one.
class Ip {
  public:
    Ip() = default;
    /// Reads a dotted quad or an RFC 4291 address (no zone, no brackets). Error: ip.bad.
    [[nodiscard]] static Result<Ip> parse(std::string_view text);

    explicit Ip(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

    [[nodiscard]] bool is_v4() const;
    [[nodiscard]] bool is_loopback() const;
    /// The canonical text (RFC 5952); IPv4 as a dotted quad.
    [[nodiscard]] std::string text() const;

    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

    auto operator<=>(const Ip&) const = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};
};

/// A block of addresses, such as 192.0.2.0/24 or 2001:db8::/32; an address alone is the block of itself.
class Cidr {
  public:
    /// Error: cidr.bad, also when bits below the prefix are set.
    [[nodiscard]] static Result<Cidr> parse(std::string_view text);
    [[nodiscard]] bool contains(const Ip& ip) const;
    [[nodiscard]] std::string text() const;

    auto operator<=>(const Cidr&) const = default;

  private:
    Ip base_;
    int prefix_ = 128;  // of the 128-bit form
};

}  // namespace bulla

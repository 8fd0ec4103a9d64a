#include "names/ip.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <fmt/format.h>
#include <span>

namespace bulla {
namespace {

constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr int mapped_bits = 96;

bool below_prefix_is_zero(const std::array<std::uint8_t, 16>& bytes, int prefix) {
    for (int bit = prefix; bit < 128; ++bit) {
        if ((bytes[static_cast<std::size_t>(bit / 8)] &
             (0x80U >> static_cast<unsigned>(bit % 8))) != 0) {
            return false;
        }
    }
    return true;
}

}  // namespace

Result<Ip> Ip::parse(std::string_view text) {
    // inet_pton wants a terminated string and would stop at a NUL inside.
    char buffer[INET6_ADDRSTRLEN] = {};
    std::array<std::uint8_t, 16> bytes{};
    if (text.size() < sizeof buffer && text.find('\0') == std::string_view::npos) {
        std::ranges::copy(text, buffer);
        std::ranges::copy(mapped, bytes.begin());
        if (inet_pton(AF_INET, buffer, bytes.data() + mapped.size()) == 1 ||
            inet_pton(AF_INET6, buffer, bytes.data()) == 1) {
            return Ip(bytes);
        }
    }
    return fail("ip.bad", Fault::sender, "this is not an IP address", "RFC 4291 2.2");
}

bool Ip::is_v4() const {
    return std::ranges::equal(mapped, std::span(bytes_).first<12>());
}

bool Ip::is_loopback() const {
    // RFC 1122 3.2.1.3 (g): { 127, <any> }; RFC 4291 2.5.3: ::1.
    if (is_v4()) {
        return bytes_[12] == 127;
    }
    return bytes_[15] == 1 && std::ranges::all_of(std::span(bytes_).first<15>(),
                                                  [](std::uint8_t octet) { return octet == 0; });
}

std::string Ip::text() const {
    char buffer[INET6_ADDRSTRLEN] = {};
    const auto v4 = is_v4();
    inet_ntop(
        v4 ? AF_INET : AF_INET6, bytes_.data() + (v4 ? mapped.size() : 0), buffer, sizeof buffer);
    return buffer;
}

Result<Cidr> Cidr::parse(std::string_view text) {
    const auto bad = [](const char* why) {
        return fail("cidr.bad", Fault::us, why, "RFC 4632 3.1");
    };
    const auto slash = text.find('/');
    const auto address = Ip::parse(text.substr(0, slash));
    if (!address) {
        return bad("this is not an address block such as 192.0.2.0/24 or 2001:db8::/32");
    }
    Cidr block;
    block.base_ = *address;
    if (slash == std::string_view::npos) {
        return block;
    }
    const auto digits = text.substr(slash + 1);
    // The form decides, not the value: "::ffff:0:0/96" counts its bits as IPv6.
    const auto offset = text.find(':') == std::string_view::npos ? mapped_bits : 0;
    int number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || digits.size() > 3 || digits[0] == '-' ||
        (digits[0] == '0' && digits.size() > 1) || error != std::errc{} ||
        end != digits.data() + digits.size() || number + offset > 128) {
        return bad("the prefix length is not a number that fits the address");
    }
    block.prefix_ = number + offset;
    if (!below_prefix_is_zero(block.base_.bytes(), block.prefix_)) {
        return bad("the address has bits set below its prefix length");
    }
    return block;
}

bool Cidr::contains(const Ip& ip) const {
    // "::/0" is every IPv6 address: that IPv4 is held as a mapped address must not bring it in.
    if (ip.is_v4() != base_.is_v4()) {
        return false;
    }
    const auto whole = static_cast<std::size_t>(prefix_ / 8);
    const auto& ours = base_.bytes();
    const auto& theirs = ip.bytes();
    if (!std::equal(
            ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(whole), theirs.begin())) {
        return false;
    }
    const auto rest = static_cast<unsigned>(prefix_ % 8);
    return rest == 0 || (ours[whole] ^ theirs[whole]) >> (8U - rest) == 0;
}

std::string Cidr::text() const {
    if (prefix_ == 128) {
        return base_.text();
    }
    return fmt::format("{}/{}", base_.text(), base_.is_v4() ? prefix_ - mapped_bits : prefix_);
}

}  // namespace bulla

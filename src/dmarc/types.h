#pragma once
#include <cstdint>
#include <string_view>

namespace bulla::dmarc {

/// What the owner of a domain wants done with mail that fails (RFC 9989 4.7, p=), in rising order.
enum class Policy : std::uint8_t { none, quarantine, reject };

/// adkim= and aspf=
enum class Alignment : std::uint8_t { relaxed, strict };

/// psd=: whether the domain is one below which others register theirs.
enum class PublicSuffix : std::uint8_t { unknown, yes, no };

/// "none", "quarantine" or "reject".
constexpr std::string_view to_string(Policy policy) {
    switch (policy) {
        case Policy::none:
            return "none";
        case Policy::quarantine:
            return "quarantine";
        case Policy::reject:
            return "reject";
    }
    return "none";
}

}  // namespace bulla::dmarc

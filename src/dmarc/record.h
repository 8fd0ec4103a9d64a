#pragma once
#include "base/error.h"
#include "dmarc/types.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::dmarc {

/// Limits on one record: what is longer is refused; further tags and addresses are passed over.
inline constexpr std::size_t longest_record = 8 * 1024;
inline constexpr std::size_t most_tags = 64;
inline constexpr std::size_t most_report_addresses = 16;

/// A DMARC Policy Record (RFC 9989 4.7) that may be applied.
struct Record {
    Policy policy = Policy::none;                             ///< p=
    std::optional<Policy> subdomain_policy = std::nullopt;    ///< sp=
    std::optional<Policy> nonexistent_policy = std::nullopt;  ///< np=
    Alignment dkim = Alignment::relaxed;                      ///< adkim=
    Alignment spf = Alignment::relaxed;                       ///< aspf=
    PublicSuffix public_suffix = PublicSuffix::unknown;       ///< psd=
    bool testing = false;                                     ///< t=y
    std::vector<std::string> aggregate_reports =
        {};  ///< rua=: URIs, without the sizes that RFC 7489 allowed.
    std::vector<std::string> failure_reports = {};  ///< ruf=, likewise.
    std::string failure_options = "0";              ///< fo=
    bool repaired =
        false;  ///< p=, sp= or np= was missing or malformed, and the record counts as p=none (RFC 9989 4.10.1).

    auto operator<=>(const Record&) const = default;
};

/// True if `text` begins as a record of this version of DMARC must; only such texts count (RFC 9989 4.10, step 2).
[[nodiscard]] bool is_record(std::string_view text);

/// Reads a record. Unknown tags, pct= among them, and malformed values of tags that have a default are passed over; of a tag that occurs
/// twice the first counts. Errors: dmarc.no_record (another version, or none), dmarc.too_long, dmarc.no_policy (p=, sp= or np= is missing or
/// malformed, and rua= has no address: RFC 9989 4.10.1 wants no DMARC then).
[[nodiscard]] Result<Record> parse_record(std::string_view text);

}  // namespace bulla::dmarc

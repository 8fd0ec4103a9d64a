#pragma once
#include "dmarc/record.h"
#include "dmarc/suffix_list.h"
#include "dns/answer.h"
#include "names/domain.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bulla::dmarc {

/// RFC 9989 4.10: no more names than this are asked for, however many labels a domain has.
inline constexpr std::size_t most_walked_names = 8;

/// A record and the domain that published it.
struct FoundRecord {
    std::string domain;
    std::string text;
    Record record;
};

/// What the records at and above a domain say.
struct Walk {
    std::string organization;          ///< The organisational domain.
    std::vector<FoundRecord> records;  ///< Those found, that of the longest name first.
    bool failed =
        false;  ///< One of the questions has no usable answer; the rest counts as not found.
    std::vector<dns::DnsQuestion>
        missing;  ///< Questions that `answers` lack; with any, the rest means nothing.

    /// The record of `domain` itself, or null.
    [[nodiscard]] const FoundRecord* find(std::string_view domain) const;
};

/// The names of a tree walk from `domain` up: at most eight, itself first.
[[nodiscard]] std::vector<std::string> names_to_walk(const DomainName& domain);

/// The DNS tree walk (RFC 9989 4.10, 4.10.2). All names are asked for at once: a record with psd= hides those above it, it saves no waiting.
[[nodiscard]] Walk walk_tree(const DomainName& domain, std::span<const dns::DnsAnswer> answers);

/// The same by a public suffix list (RFC 7489 3.2, 6.6.3): only the domain and its organisational domain are asked for records.
[[nodiscard]] Walk walk_by_list(const DomainName& domain,
                                const SuffixList& list,
                                std::span<const dns::DnsAnswer> answers);

/// The answer to `question`, or null.
[[nodiscard]] const dns::DnsAnswer* find_answer(std::span<const dns::DnsAnswer> answers,
                                                const dns::DnsQuestion& question);

}  // namespace bulla::dmarc

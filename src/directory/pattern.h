#pragma once
#include "base/error.h"
#include "names/mailbox.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bulla::directory {

/// True if `text` is matched by `glob`, where * stands for any run of characters (none too) and ? for one character (UTF-8).
[[nodiscard]] bool matches_glob(std::string_view glob, std::string_view text);

/// A pattern of addresses in its one form: an address, a domain, or either with * and ?. A pattern without @ is one of domains.
/// Letters of ASCII become small; domains without wildcards become A-labels. Error: pattern.bad.
[[nodiscard]] Result<std::string> parse_pattern(std::string_view text);

/// True if `pattern` (of parse_pattern) covers `address`.
[[nodiscard]] bool matches_pattern(std::string_view pattern, const Mailbox& address);

/// Finds those of many patterns that cover an address: exact ones by hash, wildcards one by one. Immutable after the last add().
class PatternIndex {
  public:
    /// `owner` is what find() gives for a match.
    void add(const std::string& pattern, std::uint32_t owner);
    /// The owners of all patterns that cover `address`, ascending, each once.
    [[nodiscard]] std::vector<std::uint32_t> find(const Mailbox& address) const;

  private:
    std::unordered_map<std::string, std::vector<std::uint32_t>>
        exact_;  // addresses and domains; only the former have an @
    std::vector<std::pair<std::string, std::uint32_t>> wildcards_;
};

}  // namespace bulla::directory

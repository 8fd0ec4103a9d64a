#pragma once
#include "importers/files.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::importers {

/// What an Exim string expands to, and what stood in it.
struct Expanded {
    std::string text;
    std::set<std::string> variables;  ///< "sender_address_domain", "h_from", "dkim_domain" …
};

/// Expands strings as Exim does (spec, chapter 11), as far as it is pure: texts, $name, ${name}, ${lc:…}, ${uc:…}, ${domain:…}, ${address:…},
/// $h_from: and $rh_from:, ${lookup{KEY}lsearch{FILE}{FOUND}{NOT}} and ${if exists{FILE}{YES}{NO}}. One use a string.
class EximExpander {
  public:
    using Variables = std::map<std::string, std::string, std::less<>>;

    /// Both must outlive it. A header of the author is an address of the domain $sender_address_domain.
    EximExpander(const Files& files, const Variables& variables)
        : files_(files), variables_(variables) {}

    /// Errors: import.exim_unknown, which says what it does not know and at which octet; those of reading a file.
    [[nodiscard]] Result<Expanded> expand(std::string_view text);

  private:
    [[nodiscard]] Result<std::string> run(char end, int depth);
    [[nodiscard]] Result<std::string> item(int depth);
    [[nodiscard]] Result<std::string> braced_item(int depth);
    [[nodiscard]] Result<std::string> operation(const std::string& name, int depth);
    [[nodiscard]] Result<std::string> lookup(int depth);
    [[nodiscard]] Result<std::string> condition(int depth);
    [[nodiscard]] Result<std::string> otherwise(int depth, std::string_view what);
    [[nodiscard]] Result<std::string> part(int depth);
    [[nodiscard]] Result<std::string> value_of(std::string_view name);
    [[nodiscard]] std::string_view word();
    void skip_blanks();
    [[nodiscard]] bool next_is(char c) const;
    [[nodiscard]] std::unexpected<Error> unknown(std::string_view what) const;

    const Files& files_;
    const Variables& variables_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::set<std::string> seen_;
};

/// The value of `key` in a file for Exim's lsearch, whatever its case; nothing if it is not there. Errors: those of read_text.
[[nodiscard]] Result<std::optional<std::string>> search_lines(const Files& files,
                                                              const std::string& path,
                                                              std::string_view key);

/// The keys in such a file, in lower case. Errors: those of read_text.
[[nodiscard]] Result<std::vector<std::string>> list_keys(const Files& files,
                                                         const std::string& path);

}  // namespace bulla::importers

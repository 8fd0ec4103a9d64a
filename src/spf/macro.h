#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "names/ip.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::spf {

/// What macros stand for (RFC 7208 7.2). Texts may be hostile: only the grammar of the macros themselves is checked.
struct MacroValues {
    Ip client;                 ///< i, c, v
    std::string local;         ///< l, and s with the sender's domain
    std::string sender;        ///< o: the sender's domain
    std::string domain;        ///< d: the domain whose record is read
    std::string helo;          ///< h
    std::string validated;     ///< p; "unknown" if there is none
    std::string receiver;      ///< r; empty: "unknown"
    std::int64_t seconds = 0;  ///< t: since 1970
};

/// Where a macro string stands, for what may stand in it differs (RFC 7208 7.1 and 7.2).
enum class MacroUse {
    domain_spec,  ///< Ends in a macro or a top-level label; without the letters c, r and t.
    modifier,     ///< The value of a modifier that nobody knows: only its form counts.
    explanation,  ///< Spaces, and every letter.
};

/// A macro-string (RFC 7208 7.1), read once and expanded as often as needed. Any thread.
class MacroString {
  public:
    /// Error: spf.bad_macro.
    [[nodiscard]] static Result<MacroString> parse(std::string_view text, MacroUse use);

    /// True if the macro `letter` (in lower case) occurs.
    [[nodiscard]] bool uses(char letter) const;
    /// The expansion as it stands. Growth ends above `limit` octets, so that what is longer than `limit` was cut somewhere.
    [[nodiscard]] std::string expand(const MacroValues& values, std::size_t limit) const;
    /// The expansion as a name for the DNS: cut on the left to 253 octets by whole labels, in lower case, without the dot at the end.
    /// nullopt if nobody can ask for it: a label that is empty or too long, control characters, "\", anything but ASCII.
    [[nodiscard]] std::optional<std::string> expand_name(const MacroValues& values) const;

  private:
    struct Macro {
        char letter = 0;
        bool escape = false;
        bool reverse = false;
        std::size_t keep = 0;  // 0: all parts
        std::string delimiters;
    };

    struct Piece {
        std::string literal;         // before the macro
        std::optional<Macro> macro;  // none at the end of the string
    };

    static Result<Macro> parse_macro(std::string_view body, MacroUse use);
    [[nodiscard]] bool ends_like_a_domain() const;
    static std::string value_of(const Macro& macro, const MacroValues& values);
    static std::string transform(const Macro& macro, const std::string& value);
    static void append(std::string& text, const Piece& piece, const MacroValues& values);

    std::vector<Piece> pieces_;
    bool ends_in_macro_ = false;
};

/// `text` as a name that the DNS can be asked for, in the form of DnsQuestion::name; see MacroString::expand_name().
[[nodiscard]] std::optional<std::string> make_query_name(std::string_view text);

/// True if `name` is `ancestor` or below it; both as make_query_name() gives them.
[[nodiscard]] bool is_within(std::string_view name, std::string_view ancestor);

}  // namespace bulla::spf

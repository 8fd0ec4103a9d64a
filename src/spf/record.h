#pragma once
#include "base/error.h"
#include "base/verdict.h"
#include "names/ip.h"
#include "spf/macro.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::spf {

enum class Mechanism { all, include, a, mx, ptr, ip4, ip6, exists };

/// One directive of a record (RFC 7208 4.6.1).
struct Directive {
    Verdict result = Verdict::
        pass;  ///< What its qualifier says when it matches: pass, fail, softfail or neutral.
    Mechanism mechanism = Mechanism::all;
    std::optional<MacroString> target;  ///< The domain-spec; none: the domain of the record.
    Ip network;                         ///< Of ip4 and ip6.
    unsigned prefix_v4 = 32;
    unsigned prefix_v6 = 128;
    std::string_view
        text;  ///< As it stands in the record, qualifier included; a view into the text that was read.

    /// True if `ip` is in the block of `address` that the prefix lengths say (RFC 7208 5). IPv4 and IPv6 never meet.
    [[nodiscard]] bool covers(const Ip& address, const Ip& ip) const;
    /// True if it is one of the terms whose number RFC 7208 4.6.4 limits.
    [[nodiscard]] bool asks_dns() const;
};

/// An SPF record.
struct Record {
    std::vector<Directive> directives;
    std::optional<MacroString> redirect;
    std::optional<MacroString> explanation;
};

/// True if `text` is an SPF record, well-formed or not (RFC 7208 4.5): it begins with "v=spf1" and a space, or is that.
[[nodiscard]] bool is_record(std::string_view text);

/// Reads a text for which is_record() holds; `text` must outlive the result. Any error anywhere makes it fail, as RFC 7208 4.6 asks. The
/// error's text names the term, made fit to be printed. Error: spf.bad_record.
[[nodiscard]] Result<Record> parse_record(std::string_view text);

/// `text` for people: what is not printable ASCII becomes "?", and what is long is cut.
[[nodiscard]] std::string make_printable(std::string_view text);

}  // namespace bulla::spf

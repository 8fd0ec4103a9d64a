#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace bulla::reader {

/// Where a link of a mail really leads.
struct Link {
    std::string
        url;  ///< As browsers would read it: without white space and control characters at its ends or TAB, CR and LF inside.
    std::string
        host;  ///< Host name without user and port, or the address of a mailto: or tel: link; never empty.
};

/// Reads the value of `href` as browsers do (WHATWG URL: "\" counts as "/" for http, what stands before "@" is no host). Only http,
/// https, mailto and tel; anything else, and whatever is relative or has no host, is no link. Never fails otherwise.
[[nodiscard]] std::optional<Link> read_link(std::string_view href);

}  // namespace bulla::reader

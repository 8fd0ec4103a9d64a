#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::reader {

/// What safe HTML was made of.
struct SafeHtml {
    std::string html;         ///< Elements for the inside of a body; all of them closed.
    std::size_t outside = 0;  ///< Pictures that lie elsewhere and were left out.
    bool cut = false;         ///< A limit was reached; what follows is missing.
};

struct SafeHtmlOptions {
    /// The picture of that Content-ID as a data: URL; empty: there is none.
    std::function<std::string(std::string_view content_id)> picture{};
    std::size_t max_output = std::size_t{8} << 20;
    std::size_t max_depth = 200;
};

/// Rewrites `html` (UTF-8, of a stranger): only elements and attributes of a list that can do no harm are kept, with their text; scripts,
/// forms, frames, plug-ins and everything that loads from elsewhere are left out. A link keeps its address if it is http, https,
/// mailto or tel, opens apart, and shows its host behind it. What comes out is written anew from the parser's events, so nothing of the
/// input's own syntax is left. Style sheets are kept without their `<`: the page they stand in must forbid loading. Never fails; pure.
[[nodiscard]] SafeHtml make_safe_html(std::string_view html, const SafeHtmlOptions& options = {});

/// `text` with the five characters of markup replaced.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace bulla::reader

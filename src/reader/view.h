#pragma once
#include "base/error.h"
#include "mail/message.h"

#include <string>
#include <string_view>

namespace bulla::reader {

enum class ViewPart { automatic, html, text };

/// What the page of view() must be served with (CSP 3): nothing runs, nothing is loaded, links open apart.
inline constexpr std::string_view view_policy =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action "
    "'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox";

/// The text of `message` as an HTML page of its own, to be shown in a sandboxed frame under view_policy. `automatic` takes HTML if there is
/// some. A message without a text gives a page that says so. Errors: those of read_content.
[[nodiscard]] Result<std::string> make_view(const mail::Message& message, ViewPart part);

}  // namespace bulla::reader

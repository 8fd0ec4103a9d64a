#include "qmail/lines.h"

#include <algorithm>

namespace bulla::qmail {

Result<std::string> to_crlf(std::string_view text) {
    if (!text.ends_with('\n')) {
        return fail("qmail.partial_line", Fault::sender, "the last line does not end");
    }
    if (text.contains('\r')) {
        return fail("qmail.stray_cr", Fault::sender, "a line has a carriage return in it");
    }
    std::string out;
    out.reserve(text.size() + static_cast<std::size_t>(std::ranges::count(text, '\n')));
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        out.append(text.substr(0, end)).append("\r\n");
        text.remove_prefix(end + 1);
    }
    return out;
}

std::string to_lf(std::string_view fields) {
    std::string out(fields);
    std::erase(out, '\r');
    return out;
}

}  // namespace bulla::qmail

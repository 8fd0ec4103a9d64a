#include "smtp/dot_stuffer.h"

#include <cstddef>

namespace bulla::smtp {

namespace {

// What one call looks through at most: a great message must not keep the thread from its other sessions.
constexpr std::size_t max_octets = std::size_t{256} << 10U;

}  // namespace

bool DotStuffer::next(std::vector<std::string_view>& out, std::size_t max) {
    const std::size_t limit = out.size() + max;
    std::size_t octets = 0;
    while (piece_ < pieces_.size()) {
        std::string_view& rest = pieces_[piece_];
        if (rest.empty()) {
            ++piece_;
            continue;
        }
        if (out.size() + 2 > limit || octets >= max_octets) {
            return true;
        }
        // RFC 5321 4.5.2: "If it is a period, one additional period is inserted at the beginning of the line." After any LF: a message holds
        // no bare one, and if it ever did, a server that takes it for a line end must not see the end of the data.
        if (line_start_ && rest.front() == '.') {
            out.emplace_back(".");
        }
        const std::string_view window = rest.substr(0, max_octets - octets);
        const std::size_t found = window.find("\n.");
        const std::size_t length = found == std::string_view::npos ? window.size() : found + 1;
        octets += length;
        out.push_back(rest.substr(0, length));
        line_start_ = rest[length - 1] == '\n';
        rest.remove_prefix(length);
    }
    if (!ended_) {
        out.emplace_back(line_start_ ? ".\r\n" : "\r\n.\r\n");
        ended_ = true;
    }
    return false;
}

}  // namespace bulla::smtp

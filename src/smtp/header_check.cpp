#include "smtp/header_check.h"

#include "smtp/parameters.h"

namespace bulla::smtp {

namespace {

// True if `line` begins the field `name`; white space may stand before the colon (RFC 5322 4.5).
bool is_field(std::string_view line, std::string_view name) {
    const std::size_t colon = line.find(':');
    return colon != std::string_view::npos && is_word(trim(line.substr(0, colon)), name);
}

}  // namespace

std::optional<Refusal> check_header(std::string_view message, const HeaderLimits& limits) {
    std::size_t at = 0;
    std::size_t fields = 0;
    std::size_t received = 0;
    while (at < message.size()) {
        const std::size_t found = message.find("\r\n", at);
        const std::string_view line =
            message.substr(at, found == std::string_view::npos ? found : found - at);
        const bool folded = line.starts_with(' ') || line.starts_with('\t');
        // A line that is neither a field nor folded text begins the body, as receivers read it.
        if (line.empty() || (!folded && line.find(':') == std::string_view::npos)) {
            break;
        }
        fields += folded ? 0 : 1;
        received += !folded && is_field(line, "Received") ? 1 : 0;
        at = found == std::string_view::npos ? message.size() : found + 2;
        if (at > limits.bytes) {
            return Refusal::header_too_big;
        }
        if (fields > limits.fields) {
            return Refusal::too_many_fields;
        }
        // RFC 5321 6.3: "Simple counting of the number of 'Received:' header fields in a message has proven to be an effective, although rarely
        // optimal, method of detecting loops in mail systems."
        if (received > limits.received) {
            return Refusal::mail_loop;
        }
    }
    return std::nullopt;
}

}  // namespace bulla::smtp

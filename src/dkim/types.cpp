#include "dkim/types.h"

namespace bulla::dkim {

namespace {

std::optional<Canon> parse_canon(std::string_view text) {
    if (text == "simple") {
        return Canon::simple;
    }
    return text == "relaxed" ? std::optional(Canon::relaxed) : std::nullopt;
}

}  // namespace

std::string_view to_string(Canon canon) {
    return canon == Canon::simple ? "simple" : "relaxed";
}

std::string_view to_string(Algorithm algorithm) {
    return algorithm == Algorithm::rsa_sha256 ? "rsa-sha256" : "ed25519-sha256";
}

std::optional<CanonPair> parse_canon_pair(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto header = parse_canon(text.substr(0, slash));
    // RFC 6376 3.5: "If only one algorithm is named, that algorithm is used for the header and 'simple' is used for the body."
    const auto body = slash == std::string_view::npos ? std::optional(Canon::simple)
                                                      : parse_canon(text.substr(slash + 1));
    if (!header || !body) {
        return std::nullopt;
    }
    return CanonPair{.header = *header, .body = *body};
}

}  // namespace bulla::dkim

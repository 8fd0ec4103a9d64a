#include "authres/forged.h"

#include "authres/parse.h"
#include "names/domain.h"

#include <algorithm>

namespace bulla::authres {

namespace {

constexpr std::string_view field_name = "Authentication-Results";

// The comparable form of an authserv-id: a domain name in A-labels where it is one, else its letters in lower case.
std::string comparable(std::string_view id) {
    if (auto domain = DomainName::parse(id)) {
        return domain->ascii();
    }
    std::string out;
    for (const char c : id) {
        out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
    }
    while (out.ends_with('.')) {
        out.pop_back();
    }
    return out;
}

// `text` in lower case without what a reader may skip: white space, quotation marks and the backslashes of quoted pairs.
std::string squeezed(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (static_cast<unsigned char>(c) > ' ' && c != '"' && c != '\\' && c != '\x7F') {
            out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
        }
    }
    return out;
}

}  // namespace

bool claims_own_id(std::string_view value, std::span<const std::string> own_ids) {
    if (const auto results = parse_results(value)) {
        const std::string id = comparable(results->authserv_id);
        return std::ranges::any_of(own_ids,
                                   [&](const std::string& own) { return comparable(own) == id; });
    }
    const std::string text = squeezed(value);
    return std::ranges::any_of(own_ids, [&](const std::string& own) {
        const auto domain = DomainName::parse(own);
        return text.contains(squeezed(own)) || text.contains(comparable(own)) ||
               (domain && text.contains(squeezed(domain->unicode())));
    });
}

std::vector<mail::FieldSpan> forged_fields(const mail::Message& message,
                                           std::span<const std::string> own_ids) {
    std::vector<mail::FieldSpan> out;
    for (const mail::FieldSpan& span : message.fields()) {
        // RFC 8601 5: "For security reasons, any MTA conforming to this specification MUST delete any discovered instance of this header
        // field that claims, by virtue of its authentication service identifier, to have been added within its trust boundary but that did
        // not come directly from another trusted MTA."
        if (mail::equal_ignoring_case(message.name(span), field_name) &&
            claims_own_id(message.value(span), own_ids)) {
            out.push_back(span);
        }
    }
    return out;
}

}  // namespace bulla::authres

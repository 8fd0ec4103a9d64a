#include "names/selector.h"

#include "names/labels.h"

namespace bulla {
namespace {

// With "._domainkey." and a domain behind it, nothing longer is a DNS name.
constexpr std::size_t max_selector = 230;

}  // namespace

Result<Selector> Selector::parse(std::string_view text) {
    // RFC 8616 5: U-labels may stand in "s="; the key lies under their A-labels.
    auto labels = text.ends_with('.') ? std::nullopt : normalize_labels(text, max_selector);
    if (!labels) {
        return fail("selector.bad", Fault::sender, "this is not a selector", "RFC 6376 3.1");
    }
    return Selector(std::move(*labels));
}

}  // namespace bulla

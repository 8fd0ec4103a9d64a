#include "names/domain.h"

#include "names/labels.h"

#include <algorithm>

namespace bulla {
namespace {

// RFC 1035 3.1 and 2.3.4: 255 octets on the wire are 253 characters without the trailing dot.
constexpr std::size_t max_domain = 253;

// RFC 1123 2.1: "a valid host name can never have the dotted-decimal form #.#.#.#, since at least the
// highest-level component label will be alphabetic."
bool ends_in_number(std::string_view name) {
    const auto dot = name.rfind('.');
    const auto last = dot == std::string_view::npos ? name : name.substr(dot + 1);
    return std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<DomainName> DomainName::parse(std::string_view text) {
    auto name = normalize_labels(text, max_domain);
    if (!name || ends_in_number(*name)) {
        return fail("domain.bad", Fault::sender, "this is not a domain name", "RFC 5321 4.1.2");
    }
    return DomainName(std::move(*name));
}

std::string DomainName::unicode() const {
    if (!ascii_.contains("xn--")) {
        return ascii_;
    }
    // Some A-labels decode to what would be read as another name, or as none: those are shown as they are.
    auto shown = labels_to_unicode(ascii_);
    const auto back = parse(shown);
    return back && *back == *this ? shown : ascii_;
}

bool DomainName::is_within(const DomainName& ancestor) const {
    const std::string_view name = ascii_;
    const std::string_view above = ancestor.ascii_;
    return name.ends_with(above) &&
           (name.size() == above.size() || name[name.size() - above.size() - 1] == '.');
}

std::string_view DomainName::parent() const {
    const auto dot = ascii_.find('.');
    return dot == std::string::npos ? std::string_view{} : std::string_view(ascii_).substr(dot + 1);
}

}  // namespace bulla

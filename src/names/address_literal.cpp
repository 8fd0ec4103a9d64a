#include "names/address_literal.h"

#include "names/ip.h"
#include "names/mailbox.h"

#include <algorithm>
#include <string>

namespace bulla {
namespace {

constexpr std::string_view tag = "IPv6:";

bool starts_with_tag(std::string_view text) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return text.size() >= tag.size() &&
           std::ranges::equal(text.substr(0, tag.size()), tag, {}, lower, lower);
}

bool is_literal(std::string_view text) {
    if (!text.starts_with('[') || !text.ends_with(']')) {
        return false;
    }
    text.remove_prefix(1);
    text.remove_suffix(1);
    const bool six = starts_with_tag(text);
    text.remove_prefix(six ? tag.size() : 0);
    return text.contains(':') == six && Ip::parse(text).has_value();
}

}  // namespace

bool has_address_literal(std::string_view mailbox) {
    const auto at = mailbox.rfind('@');
    if (at == std::string_view::npos || !is_literal(mailbox.substr(at + 1))) {
        return false;
    }
    // The local part alone has no parser: any domain serves to read it.
    return Mailbox::parse(std::string(mailbox.substr(0, at)) + "@example.invalid").has_value();
}

}  // namespace bulla

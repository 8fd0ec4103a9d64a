#include "names/mailbox.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace bulla {
namespace {

// RFC 5321 4.5.3.1.1: "The maximum total length of a user name or other local-part is 64 octets."
constexpr std::size_t max_local = 64;
// RFC 5321 4.5.3.1.3: 256 octets with the angle brackets.
constexpr std::size_t max_mailbox = 254;

// atext of RFC 5322 3.2.3 and, as RFC 6531 3.3 widens it, everything outside ASCII.
bool is_atext(char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           octet >= 0x80U ||
           std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_string(std::string_view text) {
    if (text.empty() || text.front() == '.' || text.back() == '.') {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.' ? text[i - 1] == '.' : !is_atext(text[i])) {
            return false;
        }
    }
    return true;
}

// Well-formed UTF-8 (RFC 3629 4) without the control characters U+0080 to U+009F.
bool is_clean_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        if (first < 0x80U) {
            ++i;
            continue;
        }
        const std::size_t more = first >= 0xF0U ? 3 : first >= 0xE0U ? 2 : 1;
        if (first < 0xC2U || first > 0xF4U || i + more >= text.size()) {
            return false;
        }
        std::uint32_t point = first & (0x3FU >> more);
        for (std::size_t k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xC0U) != 0x80U) {
                return false;
            }
            point = point << 6U | (next & 0x3FU);
        }
        static constexpr std::uint32_t least[] = {0, 0xA0, 0x800, 0x10000};
        if (point < least[more] || point > 0x10FFFFU || (point >= 0xD800U && point <= 0xDFFFU)) {
            return false;
        }
        i += more + 1;
    }
    return true;
}

struct Split {
    std::string local;
    std::string_view domain;
};

// RFC 5321 4.1.2: Quoted-string = DQUOTE *QcontentSMTP DQUOTE; quoted-pairSMTP = "\" and %d32-126.
std::optional<Split> split_quoted(std::string_view text) {
    Split split;
    for (std::size_t i = 1; i < text.size(); ++i) {
        auto c = text[i];
        if (c == '"') {
            if (i + 1 >= text.size() || text[i + 1] != '@') {
                return std::nullopt;
            }
            split.domain = text.substr(i + 2);
            return split;
        }
        if (c == '\\') {
            ++i;
            if (i == text.size() || static_cast<unsigned char>(text[i]) >= 0x80U) {
                return std::nullopt;
            }
            c = text[i];
        }
        if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) {
            return std::nullopt;
        }
        split.local.push_back(c);
    }
    return std::nullopt;
}

std::optional<Split> split_mailbox(std::string_view text) {
    if (text.starts_with('"')) {
        return split_quoted(text);
    }
    const auto at = text.find('@');
    if (at == std::string_view::npos || !is_dot_string(text.substr(0, at))) {
        return std::nullopt;
    }
    return Split{std::string(text.substr(0, at)), text.substr(at + 1)};
}

}  // namespace

Result<Mailbox> Mailbox::parse(std::string_view text) {
    const auto bad = [](const char* why) {
        return fail("mailbox.bad", Fault::sender, why, "RFC 5321 4.1.2");
    };
    // Twice the local part in quotes, the "@", and a domain of U-labels.
    if (text.size() > 2 * max_local + 3 + 1024) {
        return bad("the address is too long");
    }
    auto split = split_mailbox(text);
    if (!split || !is_clean_utf8(split->local)) {
        return bad("this is not a mail address");
    }
    if (split->local.size() > max_local) {
        return bad("the part before the @ has more than 64 octets");
    }
    // RFC-DEVIATION 5321 4.1.3: "[…] a special literal form of the address is allowed as an alternative to a domain name."
    // Refused (550): an address literal has no domain whose keys could sign for it, that a route could name, or that an account belongs to.
    auto domain = DomainName::parse(split->domain);
    if (!domain || split->domain.ends_with('.')) {
        return bad("the part behind the @ is not a domain name");
    }
    Mailbox mailbox(std::move(split->local), std::move(*domain));
    if (mailbox.local_.size() + 1 + mailbox.domain_.ascii().size() > max_mailbox) {
        return bad("the address has more than 254 octets");
    }
    return mailbox;
}

std::string Mailbox::text() const {
    std::string out;
    out.reserve(local_.size() + 1 + domain_.ascii().size());
    // RFC 5321 4.1.2: the Dot-string form is preferred; quotes only where it does not suffice.
    if (is_dot_string(local_)) {
        out = local_;
    } else {
        out.push_back('"');
        for (const auto c : local_) {
            if (c == '"' || c == '\\') {
                out.push_back('\\');
            }
            out.push_back(c);
        }
        out.push_back('"');
    }
    return out.append(1, '@').append(domain_.ascii());
}

std::string Mailbox::key() const {
    auto out = local_;
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out.append(1, '@').append(domain_.ascii());
}

bool Mailbox::needs_utf8() const {
    return std::ranges::any_of(local_,
                               [](char c) { return static_cast<unsigned char>(c) >= 0x80U; });
}

}  // namespace bulla

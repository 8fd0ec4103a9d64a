#include "directory/pattern.h"

#include "config/values.h"
#include "names/domain.h"

#include <algorithm>

namespace bulla::directory {
namespace {

bool is_wild(std::string_view text) {
    return text.find_first_of("*?") != std::string_view::npos;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    return out;
}

/// Octets of the character at the start of `text`, which is not empty.
std::size_t character_length(std::string_view text) {
    std::size_t length = 1;
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
        ++length;
    }
    return length;
}

}  // namespace

// One star back is enough: if the text behind the last star cannot match, an earlier star taking more cannot help. So the time is at most
// the product of the lengths, whatever the pattern.
bool matches_glob(std::string_view glob, std::string_view text) {
    std::size_t g = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_text = 0;
    while (t < text.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            star_text = t;
        } else if (g < glob.size() && glob[g] == '?') {
            ++g;
            t += character_length(text.substr(t));
        } else if (g < glob.size() && glob[g] == text[t]) {
            ++g;
            ++t;
        } else if (star != std::string_view::npos) {
            g = star + 1;
            star_text += character_length(text.substr(star_text));
            t = star_text;
        } else {
            return false;
        }
    }
    return glob.find_first_not_of('*', g) == std::string_view::npos;
}

Result<std::string> parse_pattern(std::string_view text) {
    if (!config::is_pattern(text)) {
        return fail("pattern.bad",
                    Fault::sender,
                    "\"" + std::string(text) +
                        "\" is no address, domain or wildcard pattern of at most 253 octets");
    }
    const std::size_t at = text.rfind('@');
    const std::string local =
        at == std::string_view::npos ? std::string() : lower(text.substr(0, at + 1));
    std::string domain = lower(at == std::string_view::npos ? text : text.substr(at + 1));
    if (local == "@" || domain.empty()) {
        return fail("pattern.bad",
                    Fault::sender,
                    "\"" + std::string(text) + "\": one side of the @ is missing");
    }
    if (!is_wild(domain)) {
        BULLA_TRY(parsed, DomainName::parse(domain));
        domain = parsed.ascii();
    }
    return local + domain;
}

bool matches_pattern(std::string_view pattern, const Mailbox& address) {
    const std::size_t at = pattern.rfind('@');
    if (at == std::string_view::npos) {
        return matches_glob(pattern, address.domain().ascii());
    }
    // The sides are matched apart, so that no * reaches over the @.
    return matches_glob(pattern.substr(at + 1), address.domain().ascii()) &&
           matches_glob(pattern.substr(0, at), lower(address.local()));
}

void PatternIndex::add(const std::string& pattern, std::uint32_t owner) {
    if (is_wild(pattern)) {
        wildcards_.emplace_back(pattern, owner);
    } else {
        exact_[pattern].push_back(owner);
    }
}

std::vector<std::uint32_t> PatternIndex::find(const Mailbox& address) const {
    std::vector<std::uint32_t> out;
    const auto take = [&](const std::string& key) {
        if (const auto found = exact_.find(key); found != exact_.end()) {
            out.insert(out.end(), found->second.begin(), found->second.end());
        }
    };
    take(lower(address.local()) + "@" + address.domain().ascii());
    take(address.domain().ascii());
    for (const auto& [pattern, owner] : wildcards_) {
        if (matches_pattern(pattern, address)) {
            out.push_back(owner);
        }
    }
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace bulla::directory

#include "reader/link.h"

#include "names/domain.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

namespace bulla::reader {

namespace {

constexpr std::size_t max_url = 4096;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// WHATWG URL 4.4: C0 controls and spaces at the ends and TAB, CR, LF anywhere do not count.
std::string strip(std::string_view href) {
    const auto is_edge = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
    while (!href.empty() && is_edge(href.front())) {
        href.remove_prefix(1);
    }
    while (!href.empty() && is_edge(href.back())) {
        href.remove_suffix(1);
    }
    std::string out(href);
    std::erase_if(out, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
    return out;
}

std::string host_of(std::string_view authority) {
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        authority.remove_prefix(at + 1);
    }
    const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
    if (bracket == std::string_view::npos) {
        return {};
    }
    authority = authority.substr(0, authority.find(':', bracket));
    std::string host;
    std::ranges::transform(authority, std::back_inserter(host), lower);
    return host;
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

}  // namespace

std::optional<Link> read_link(std::string_view href) {
    auto url = strip(href);
    if (url.size() > max_url || !is_printable(url)) {
        return std::nullopt;
    }
    const auto colon = url.find(':');
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    std::string scheme = url.substr(0, colon);
    std::ranges::transform(scheme, scheme.begin(), lower);
    std::string_view rest = std::string_view(url).substr(colon + 1);
    if (scheme == "mailto" || scheme == "tel") {
        std::string host(rest.substr(0, rest.find('?')));
        return host.empty() ? std::nullopt : std::optional(Link{.url = url, .host = host});
    }
    if (scheme != "http" && scheme != "https") {
        return std::nullopt;
    }
    const auto is_slash = [](char c) { return c == '/' || c == '\\'; };
    while (!rest.empty() && is_slash(rest.front())) {
        rest.remove_prefix(1);
    }
    auto host = host_of(rest.substr(0, rest.find_first_of("/\\?#")));
    // Letters that only look like others are shown as what they are.
    if (std::ranges::any_of(host, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
        const auto name = DomainName::parse(host);
        host = name ? name->ascii() : std::string{};
    }
    if (host.empty()) {
        return std::nullopt;
    }
    return Link{.url = std::move(url), .host = std::move(host)};
}

}  // namespace bulla::reader

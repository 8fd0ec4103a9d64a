#include "archive/tokens.h"

#include "crypto/digest.h"

#include <algorithm>

namespace bulla::archive {

namespace {

constexpr std::size_t max_terms = 256;

void add_term(std::vector<std::string>& terms, TermKind kind, std::string_view value) {
    if (value.empty() || terms.size() >= max_terms) {
        return;
    }
    auto term = make_term(kind, value);
    if (std::ranges::find(terms, term) == terms.end()) {
        terms.push_back(std::move(term));
    }
}

void add_address(std::vector<std::string>& terms, TermKind kind, std::string_view address) {
    add_term(terms, kind, address);
    if (const auto at = address.rfind('@'); at != std::string_view::npos) {
        add_term(terms, kind, address.substr(at));
    }
}

}  // namespace

std::string make_term(TermKind kind, std::string_view value) {
    static constexpr std::string_view names[] = {"sender", "recipient", "direction", "group"};
    std::string term(names[static_cast<std::size_t>(kind)]);
    term += ' ';
    std::ranges::transform(value, std::back_inserter(term), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return term;
}

std::vector<std::string> terms_of(const Summary& summary) {
    std::vector<std::string> terms;
    add_term(terms, TermKind::direction, summary.direction);
    for (const auto& group : summary.groups) {
        add_term(terms, TermKind::group, group);
    }
    add_address(terms, TermKind::sender, summary.sender);
    add_address(terms, TermKind::sender, summary.from);
    for (const auto* addresses : {&summary.recipients, &summary.to, &summary.cc}) {
        for (const auto& address : *addresses) {
            add_address(terms, TermKind::recipient, address);
        }
    }
    return terms;
}

std::vector<std::int64_t> make_tokens(const vault::Vault& vault,
                                      const std::vector<std::string>& terms) {
    const auto key = vault.derive(vault::Label::search, "message_token");
    std::vector<std::int64_t> tokens;
    tokens.reserve(terms.size());
    for (const auto& term : terms) {
        const auto mac = crypto::hmac_sha256(key.view(), term);
        std::uint64_t number = 0;
        for (std::size_t i = 0; i < sizeof(number); ++i) {
            number = number << 8U | static_cast<unsigned char>(mac[i]);
        }
        tokens.push_back(static_cast<std::int64_t>(number >> 1U));
    }
    return tokens;
}

}  // namespace bulla::archive

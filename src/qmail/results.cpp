#include "qmail/results.h"

#include "mail/message.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::qmail {

namespace {

constexpr std::string_view field_name = "Authentication-Results";

// What a signature says of itself is hostile: a token, or nothing.
std::string token(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_';
    });
    return good ? std::string(text) : "invalid";
}

// The header field that begins at `at`, its continuation lines with it.
std::string_view field_at(std::string_view message, std::size_t at) {
    std::size_t end = at;
    do {
        const auto found = message.find('\n', end);
        end = found == std::string_view::npos ? message.size() : found + 1;
    } while (end < message.size() && (message[end] == ' ' || message[end] == '\t'));
    return message.substr(at, end - at);
}

bool claims(std::string_view field, std::string_view authserv_id) {
    const auto colon = field.find(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    auto name = field.substr(0, colon);
    while (name.ends_with(' ') || name.ends_with('\t')) {
        name.remove_suffix(1);
    }
    if (!mail::equal_ignoring_case(name, field_name)) {
        return false;
    }
    // Comments and quotes can stand before and around the identifier: whatever names it in front of the first result is taken for its own.
    std::string head(field.substr(colon + 1));
    head.resize(std::min(head.find(';'), head.size()));
    std::erase_if(head, [](char c) { return c == '\n' || c == '\r' || c == '"' || c == '\\'; });
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    std::ranges::transform(head, head.begin(), lower);
    std::string wanted(authserv_id);
    std::ranges::transform(wanted, wanted.begin(), lower);
    return head.contains(wanted);
}

}  // namespace

std::string write_authentication_results(std::string_view authserv_id,
                                         std::span<const dkim::SignatureResult> results) {
    std::string field = fmt::format("{}: {}", field_name, authserv_id);
    if (results.empty()) {
        return field + "; dkim=none\n";
    }
    for (const auto& result : results) {
        field += fmt::format(";\n\tdkim={} header.d={} header.s={} header.a={}",
                             to_string(result.verdict),
                             token(result.domain),
                             token(result.selector),
                             token(result.algorithm));
    }
    return field + "\n";
}

std::string remove_forged(std::string_view message, std::string_view authserv_id) {
    std::string out;
    out.reserve(message.size());
    std::size_t at = 0;
    while (at < message.size() && message[at] != '\n') {
        const auto field = field_at(message, at);
        if (!claims(field, authserv_id)) {
            out.append(field);
        }
        at += field.size();
    }
    return out.append(message.substr(at));
}

Verdict summarize(std::span<const dkim::SignatureResult> results) {
    const auto has = [&](Verdict verdict) {
        return std::ranges::any_of(
            results, [&](const dkim::SignatureResult& one) { return one.verdict == verdict; });
    };
    return results.empty()           ? Verdict::none
           : has(Verdict::pass)      ? Verdict::pass
           : has(Verdict::temperror) ? Verdict::temperror
                                     : Verdict::fail;
}

}  // namespace bulla::qmail

#include "api/credentials.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "names/ip.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::api {

namespace {

constexpr std::size_t max_secret = 128;
constexpr std::size_t csrf_digits = 32;

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string_view::npos
               ? std::string_view{}
               : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_secret(std::string_view text) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= max_secret && std::ranges::all_of(text, good);
}

std::string_view cookie_name(bool tls) {
    return tls ? "__Host-bulla" : "bulla";
}

std::string find_cookie(const RequestHead& head, std::string_view name) {
    std::string_view found;
    for (const Field& field : head.fields) {
        if (field.name != "cookie") {
            continue;
        }
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find(';'), rest.size());
            const std::string_view pair = trim(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
            const std::size_t equals = pair.find('=');
            if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) {
                continue;
            }
            if (!found.empty()) {
                return {};
            }
            found = trim(pair.substr(equals + 1));
        }
    }
    return is_secret(found) ? std::string(found) : std::string();
}

// In a time that does not tell where they differ.
bool is_same(std::string_view a, std::string_view b) {
    unsigned char differs = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        differs |= static_cast<unsigned char>(a[i] ^ b[i]);
    }
    return differs == 0;
}

std::unexpected<Error> refuse(std::string_view why) {
    return fail(
        "http.csrf", Fault::sender, fmt::format("The request {}; load the page again.", why));
}

std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        return end == std::string_view::npos ? std::string_view{} : host.substr(1, end - 1);
    }
    return host.substr(0, host.find(':'));
}

}  // namespace

Credentials find_credentials(const RequestHead& head, bool tls) {
    constexpr std::string_view scheme = "bearer ";
    if (const std::string* field = head.find("authorization")) {
        const std::string_view value = *field;
        if (!equals_ignoring_case(value.substr(0, scheme.size()), scheme)) {
            return {};
        }
        const std::string_view token = trim(value.substr(scheme.size()));
        return {.secret = is_secret(token) ? std::string(token) : std::string(), .is_token = true};
    }
    return {.secret = find_cookie(head, cookie_name(tls))};
}

std::string write_cookie(std::string_view secret, bool tls) {
    return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}{}",
                       cookie_name(tls),
                       secret,
                       tls ? "; Secure" : "",
                       secret.empty() ? "; Max-Age=0" : "");
}

std::string csrf_of(std::string_view secret) {
    return hex_encode(crypto::view(crypto::sha256(fmt::format("bulla csrf\n{}", secret))))
        .substr(0, csrf_digits);
}

Result<void> check_same_site(const RequestHead& head,
                             const Credentials& credentials,
                             bool tls,
                             bool needs_word) {
    if (credentials.is_token) {
        return {};
    }
    if (const std::string* site = head.find("sec-fetch-site");
        site != nullptr && *site != "same-origin" && *site != "none") {
        return refuse("comes from another site");
    }
    if (const std::string* origin = head.find("origin");
        origin != nullptr &&
        !equals_ignoring_case(*origin, fmt::format("{}://{}", tls ? "https" : "http", head.host))) {
        return refuse("comes from another site");
    }
    if (credentials.secret.empty() || !needs_word) {
        return {};
    }
    const std::string* csrf = head.find("x-bulla-csrf");
    if (csrf == nullptr || !is_same(*csrf, csrf_of(credentials.secret))) {
        return refuse("does not say the X-Bulla-CSRF of this session");
    }
    return {};
}

bool is_own_host(std::string_view host, const std::vector<std::string>& names) {
    const std::string_view name = without_port(host);
    if (equals_ignoring_case(name, "localhost") || Ip::parse(name)) {
        return true;
    }
    return std::ranges::any_of(
        names, [&](const std::string& own) { return equals_ignoring_case(name, own); });
}

}  // namespace bulla::api

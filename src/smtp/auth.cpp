#include "smtp/auth.h"

#include "base/encoding.h"
#include "smtp/parameters.h"
#include "smtp/replies.h"

#include <utility>

namespace bulla::smtp {

namespace {

// RFC 4616 sets no lengths; these are beyond what accounts have.
constexpr std::size_t max_login = 320;
constexpr std::size_t max_password = 4096;

Answer<AuthExchange::Step> make_credentials(std::string login, SecretBytes password) {
    const bool printable = login.find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos;
    if (login.empty() || login.size() > max_login || !printable || password.empty() ||
        password.size() > max_password) {
        return std::unexpected(replies::auth_bad_identity());
    }
    return AuthExchange::Step{
        .credentials = Credentials{.login = std::move(login), .password = std::move(password)},
        .challenge = {}};
}

// RFC 4616 2: message = [authzid] UTF8NUL authcid UTF8NUL passwd
Answer<AuthExchange::Step> read_plain(const SecretBytes& text) {
    const std::string_view all = text.view();
    const std::size_t first = all.find('\0');
    const std::size_t second = first == std::string_view::npos ? first : all.find('\0', first + 1);
    if (second == std::string_view::npos || all.find('\0', second + 1) != std::string_view::npos) {
        return std::unexpected(replies::auth_bad_base64());
    }
    const std::string_view identity = all.substr(0, first);
    const std::string_view login = all.substr(first + 1, second - first - 1);
    // Acting for another account is not offered.
    if (!identity.empty() && identity != login) {
        return std::unexpected(replies::auth_bad_identity());
    }
    return make_credentials(std::string(login), SecretBytes(std::string(all.substr(second + 1))));
}

AuthExchange::Step ask(std::string_view prompt) {
    return {.credentials = std::nullopt, .challenge = {334, "", base64_encode(prompt)}};
}

}  // namespace

Answer<AuthExchange::Step> AuthExchange::start(std::string_view argument) {
    const std::string_view mechanism = argument.substr(0, argument.find(' '));
    const std::string_view initial = trim(argument.substr(mechanism.size()));
    if (is_word(mechanism, "PLAIN")) {
        wants_ = Wants::plain;
    } else if (is_word(mechanism, "LOGIN")) {
        wants_ = Wants::login_name;
    } else {
        return std::unexpected(mechanism.empty() ? replies::syntax("AUTH mechanism")
                                                 : replies::auth_unknown_mechanism());
    }
    if (initial.empty()) {
        return ask(wants_ == Wants::plain ? "" : "Username:");
    }
    // RFC 4954 4: "If the client is transmitting an initial response of zero length, it MUST instead transmit the response as a single equals
    // sign ('=')."
    return initial == "=" ? take(SecretBytes()) : step(initial);
}

Answer<AuthExchange::Step> AuthExchange::step(std::string_view line) {
    // RFC 4954 4: "If the client wishes to cancel the authentication exchange, it issues a line with a single '*'."
    if (line == "*") {
        return std::unexpected(replies::auth_cancelled());
    }
    auto text = base64_decode(line);
    if (!text) {
        return std::unexpected(replies::auth_bad_base64());
    }
    return take(SecretBytes(std::move(*text)));
}

Answer<AuthExchange::Step> AuthExchange::take(SecretBytes text) {
    switch (wants_) {
        case Wants::plain:
            return read_plain(text);
        case Wants::login_name:
            login_ = std::string(text.view());
            wants_ = Wants::login_password;
            return ask("Password:");
        case Wants::login_password:
            break;
    }
    return make_credentials(std::move(login_), std::move(text));
}

SecretBytes write_auth_plain(const Credentials& credentials) {
    std::string plain;
    plain.reserve(credentials.login.size() + credentials.password.size() + 2);
    plain.push_back('\0');
    plain.append(credentials.login);
    plain.push_back('\0');
    plain.append(credentials.password.view());
    const SecretBytes wiped(std::move(plain));
    return SecretBytes(base64_encode(wiped.view()));
}

}  // namespace bulla::smtp

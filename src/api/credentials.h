#pragma once
#include "api/request.h"
#include "base/error.h"

#include <string>
#include <string_view>

namespace bulla::api {

/// What a request says about who asks.
struct Credentials {
    std::string secret;     ///< Empty: nothing.
    bool is_token = false;  ///< From Authorization; else from the cookie.
};

/// The API token of `Authorization: Bearer`, else the session of the cookie. A cookie that stands twice counts as none: another site of the
/// same host may have set one of them.
[[nodiscard]] Credentials find_credentials(const RequestHead& head, bool tls);

/// The Set-Cookie value that gives `secret` to the browser, for as long as it is open; an empty one takes it away. Under TLS its name says that
/// no other host and no clear connection may set it (RFC 6265bis 4.1.3.2).
[[nodiscard]] std::string write_cookie(std::string_view secret, bool tls);

/// What a page that knows the session's answer can say and another site cannot.
[[nodiscard]] std::string csrf_of(std::string_view secret);

/// Holds a request that changes something, and is not by an API token, to come from our own page: Sec-Fetch-Site and Origin where the browser says
/// them, and with a session X-Bulla-CSRF if it `needs_word` (log-in and log-out do not: a browser may have a session that is over, whose
/// word nobody can tell it). Error: http.csrf.
[[nodiscard]] Result<void> check_same_site(const RequestHead& head,
                                           const Credentials& credentials,
                                           bool tls,
                                           bool needs_word = true);

/// True if a browser that asks for `host` (of a Host field, with or without port) can only have been sent by somebody who knows the machine: an IP
/// address, localhost, or one of `names`. Others may be names of an attacker's that lead here (DNS rebinding).
[[nodiscard]] bool is_own_host(std::string_view host, const std::vector<std::string>& names);

}  // namespace bulla::api

#pragma once
#include "base/error.h"
#include "base/secret.h"
#include "services/access.h"
#include "services/service.h"
#include "services/throttle.h"

#include <nlohmann/json.hpp>
#include <string>

// A log-in in three steps, so that a front can run the dear one on its work pool: begin_login(), check_login() (pure; some 100 ms on purpose),
// finish_login(). `auth.login` is the three in a row.

namespace bulla::services {

struct LoginAttempt {
    std::string login;  ///< Empty: no account that may log in has this name.
    std::string
        hash;  ///< Of the account's password; for an unknown name another account's, so that it takes as long.
    SecretBytes password;
    std::string code;  ///< Of the second factor; may be empty.
    std::string user_agent;
    std::string address;
    LoginSubjects subjects;
    std::string
        kept_session{};  ///< Digest of a session that has passed the second factor; empty: none has.
};

/// Reads {"user", "password", "totp"?, "user_agent"?, "address"?} and counts the attempt. Takes ServiceContext::changing. Errors:
/// auth.locked, service.bad_argument, those of store.
[[nodiscard]] Result<LoginAttempt> begin_login(ServiceContext& context,
                                               const nlohmann::json& arguments);

/// Whether the password is right. Needs nothing but the attempt; takes as long for an unknown name. Any thread.
[[nodiscard]] bool check_login(const LoginAttempt& attempt);

/// The account that the attempt proved; the second factor is looked at here. Takes ServiceContext::changing. Errors: auth.failed (one text
/// for all reasons), auth.totp_needed (the password was right).
[[nodiscard]] Result<std::shared_ptr<const directory::Account>> accept_login(
    ServiceContext& context, const LoginAttempt& attempt, bool right);

/// accept_login() and a session: {"session", "expires", "must_change_password", "login", "address", "role", "domains"}.
[[nodiscard]] Result<nlohmann::json> finish_login(ServiceContext& context,
                                                  const LoginAttempt& attempt,
                                                  bool right);

}  // namespace bulla::services

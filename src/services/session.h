#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "services/access.h"
#include "services/service.h"

#include <string>
#include <string_view>

// Sessions of people (table login_session) and API tokens of programs (api_token). The database has only digests of their secrets.

namespace bulla::services {

struct NewSession {
    std::string secret;  ///< 64 hexadecimal digits, for a cookie.
    Time expires;
};

/// Writes a session of `account`, and the log's entry of it. Call it with ServiceContext::changing held. Errors: those of the sealer.
[[nodiscard]] Result<NewSession> open_session(ServiceContext& context,
                                              const directory::Account& account,
                                              const std::string& user_agent,
                                              const std::string& address);

/// The form of a session's or token's secret that the database has: SHA-256, as hex. The first `id_digits` name it to people.
[[nodiscard]] std::string digest_secret(std::string_view secret);
inline constexpr std::size_t id_digits = 16;

/// Whom a session or token stands for; with Activity::counts writes down that it was seen (once a minute). Error: auth.no_session (unknown, ended, the account
/// disabled or gone: one text for all).
struct Credential {
    Principal principal;
    std::string id;
    std::string address;       ///< The account's mail address.
    std::int64_t expires = 0;  ///< Microseconds; 0: never.
};

/// Whether being asked for is a sign that somebody is there. What a page does by itself is none: it must not keep a session from idling out.
enum class Activity { counts, none };

[[nodiscard]] Result<Credential> find_session(ServiceContext& context,
                                              std::string_view secret,
                                              Activity activity = Activity::counts);
[[nodiscard]] Result<Credential> find_token(ServiceContext& context,
                                            std::string_view secret,
                                            Activity activity = Activity::counts);

}  // namespace bulla::services

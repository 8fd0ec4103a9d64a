#pragma once
#include "base/error.h"
#include "directory/snapshot.h"
#include "services/service.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::services {

/// An account that has proved who it is, by a session or an API token (auth.session).
struct Principal {
    std::string login;
    directory::AccountRole role = directory::AccountRole::user;
    std::vector<std::string> domains{};  ///< What a domain administrator administers.
    std::vector<std::string> scopes{};   ///< What an API token is good for; a session has "*".
    bool by_token = false;               ///< Without a person at the other end.
    bool must_change_password = false;   ///< It has a password for one use.
};

/// What a role may do with a call.
enum class Permission {
    denied,
    own_account,  ///< On the account itself only.
    own_domain,   ///< On the domains that it administers, and on the users in them.
    allowed,
};

/// The one table of what each role may ask for; `denied` for calls that it does not know.
[[nodiscard]] Permission permission_of(std::string_view call, directory::AccountRole role);

/// May `principal` make this call with these arguments? Calls that list show less to who may see less (sees_domain, sees_account).
/// Errors: access.denied, access.scope (the API token is not good for it), access.password_first, access.session_needed.
[[nodiscard]] Result<void> check_access(const directory::Snapshot& snapshot,
                                        const Principal& principal,
                                        std::string_view call,
                                        const nlohmann::json& arguments);

/// check_access() and call_service(): what a front that lets accounts in uses. Blocks: not for an io thread.
[[nodiscard]] Result<nlohmann::json> call_as(ServiceContext& context,
                                             const Principal& principal,
                                             std::string_view call,
                                             const nlohmann::json& arguments);

/// True if `caller` may know of the domain; a caller without a principal knows of all.
[[nodiscard]] bool sees_domain(const Caller& caller, const std::string& domain);
/// The same for an account.
[[nodiscard]] bool sees_account(const Caller& caller,
                                const std::string& login,
                                std::string_view address);

/// True if `caller` may see and end the sessions and API tokens of `account`: its own, or those of who it administers.
[[nodiscard]] bool manages_account(const Caller& caller, const directory::Account& account);

/// An API token's scope in its one form: "*", "read" (calls that change nothing), a call ("queue.list") or all whose names begin so
/// ("queue."). Error: token.bad_scope.
[[nodiscard]] Result<std::string> parse_scope_word(std::string_view text);

}  // namespace bulla::services

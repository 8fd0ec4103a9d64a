#pragma once
#include "base/error.h"
#include "base/random.h"
#include "directory/snapshot.h"
#include "names/mailbox.h"
#include "services/service.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bulla::services {

/// A log-in name in its one form: small letters, 1…183 octets, no blanks or control characters. Error: account.bad_login.
[[nodiscard]] Result<std::string> parse_login(std::string_view text);

/// Error account.weak_password: under 8 or over 1024 octets.
[[nodiscard]] Result<void> check_password(std::string_view password);

/// A password for one use: 20 letters and digits (100 bits) in groups of five.
[[nodiscard]] std::string make_one_time_password(Random& random);

/// The account of the call's "login". Error: account.missing.
[[nodiscard]] Result<std::string> find_login(ServiceContext& context, Arguments& in);

/// Error account.last_admin: no other administrator can log in.
[[nodiscard]] Result<void> check_other_admin(ServiceContext& context, const std::string& login);

/// Error account.address_taken: it is the address of an account other than `login`; account.foreign_domain: who sends mail through us
/// needs an address that is ours to give.
[[nodiscard]] Result<void> check_address(ServiceContext& context,
                                         const std::string& login,
                                         const Mailbox& address,
                                         directory::AccountRole role);

/// Error account.exists: `new_login` is the login of an account, or the address of one other than `login`'s.
[[nodiscard]] Result<void> check_new_login(ServiceContext& context,
                                           const std::string& login,
                                           const std::string& new_login);

/// The domains that a domain administrator administers: the call's "domains", else that of `address`. Empty for other roles.
/// Errors: domain.bad, domain.missing, account.no_domain_admin.
[[nodiscard]] Result<std::vector<std::string>> read_domains(ServiceContext& context,
                                                            Arguments& in,
                                                            directory::AccountRole role,
                                                            const Mailbox& address);

/// Rows: `login` administers these domains and no others.
[[nodiscard]] Result<void> store_domains(store::Tx& tx,
                                         const std::string& login,
                                         const std::vector<std::string>& domains);

/// Which ways into an account outlive a change of it.
struct KeptAccess {
    std::string session{};  ///< The hash of this session.
    bool tokens = false;    ///< Its API tokens.
};

/// What the change ends besides, for the answer and the log: {"sessions_ended", "tokens_revoked"}. Exact while `changing` is held.
[[nodiscard]] Result<nlohmann::json> count_access(ServiceContext& context,
                                                  const std::string& login,
                                                  const KeptAccess& kept = {});

/// Rows: all sessions and API tokens of `login` end, but what is `kept`; failed log-ins are forgotten.
[[nodiscard]] Result<void> end_access(store::Tx& tx,
                                      const std::string& login,
                                      const KeptAccess& kept = {});

}  // namespace bulla::services

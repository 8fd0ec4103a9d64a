#pragma once
#include "base/error.h"
#include "services/service.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

// Failed log-ins, by account and by client address, in the table login_failure: they outlive a restart.

namespace bulla::services {

/// Who a log-in counts against.
struct LoginSubjects {
    std::string
        account;  ///< "account:ann", for an unknown name a digest of it, so that both look alike from outside.
    std::string address;  ///< "address:192.0.2.1", for IPv6 the /64; empty: not known.
};

/// `login` is empty for a name that no account has.
[[nodiscard]] LoginSubjects make_subjects(const std::string& login,
                                          std::string_view typed,
                                          std::string_view address);

/// How long nobody may try after so many failures in a row: nothing up to `free`, then 1, 2, 4 … seconds, at most 15 minutes. Pure.
[[nodiscard]] std::chrono::seconds backoff(std::int64_t failures, std::int64_t free);

/// Counts a failure in advance, so that many tries at once gain nothing; take_back() when it was none. Call it with
/// ServiceContext::changing held. Error: auth.locked, with the seconds to wait.
[[nodiscard]] Result<void> count_attempt(ServiceContext& context, const LoginSubjects& subjects);

/// Rows: the attempt was no failure. `succeeded`: the account's count begins again (the address's does not: who has one account must not
/// wipe out what they tried with others).
[[nodiscard]] Result<void> take_back(store::Tx& tx, const LoginSubjects& subjects, bool succeeded);

}  // namespace bulla::services

#pragma once
#include "base/error.h"
#include "base/random.h"
#include "names/mailbox.h"

#include <string>

namespace bulla::services {

/// A log-in name in its one form: small letters, 1…191 octets, no blanks or control characters. Error: account.bad_login.
[[nodiscard]] Result<std::string> parse_login(std::string_view text);

/// Error account.weak_password: under 8 or over 1024 octets.
[[nodiscard]] Result<void> check_password(std::string_view password);

/// A password for one use: 20 letters and digits (100 bits) in groups of five.
[[nodiscard]] std::string make_one_time_password(Random& random);

}  // namespace bulla::services

#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "services/service.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The second factor: one-time passwords by time (RFC 6238 with HMAC-SHA-1, six digits, steps of 30 seconds).

namespace bulla::services {

/// The code of a time step (RFC 6238 4.2, RFC 4226 5.3), six digits.
[[nodiscard]] std::string make_totp(std::string_view secret, std::int64_t step);

/// The time step whose code is `code`: the present one or a neighbour, later than `last_step`, so that no code is good twice. None: it is
/// wrong. Compares in constant time.
[[nodiscard]] std::optional<std::int64_t> find_totp_step(std::string_view secret,
                                                         std::string_view code,
                                                         Time now,
                                                         std::int64_t last_step);

/// Base32 (RFC 4648 6) without padding, as authenticator programs take it.
[[nodiscard]] std::string base32_encode(std::string_view bytes);

struct TotpSecret {
    SecretBytes secret;
    bool confirmed = false;
    std::int64_t last_step = 0;
};

/// None: the account has no second factor. Errors: vault.tampered, those of store.
[[nodiscard]] Result<std::optional<TotpSecret>> load_totp(ServiceContext& context,
                                                          const std::string& login);

/// The secret for account_totp.sealed.
[[nodiscard]] std::string seal_totp(ServiceContext& context,
                                    const std::string& login,
                                    const SecretBytes& secret);

}  // namespace bulla::services

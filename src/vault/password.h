#pragma once
#include "base/error.h"
#include "base/random.h"
#include "vault/vault.h"

#include <string>
#include <string_view>

namespace bulla::vault {

/// The Argon2id hash of an account's password as a PHC string ("$argon2id$v=19$…"). Salt from `random`. Costs `cost`, on purpose: call it
/// from a work pool. Errors: vault.bad_password (empty, above 1024 octets), vault.no_memory.
[[nodiscard]] Result<std::string> hash_password(std::string_view password,
                                                Random& random,
                                                KdfCost cost = {});

/// True if `hash` is of `password`. Takes as long as the hash's own cost says (bounded at 1 GiB and 16 passes), then compares in
/// constant time. A hash that cannot be read is false.
[[nodiscard]] bool verify_password(std::string_view hash, std::string_view password);

}  // namespace bulla::vault

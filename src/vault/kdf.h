#pragma once
#include "base/error.h"
#include "vault/vault.h"

#include <span>
#include <string_view>

namespace bulla::vault {

inline constexpr std::size_t kdf_salt_size = 16;

/// True if a cost that was read from the database can be paid: at most 16 passes and 1 GiB.
[[nodiscard]] bool is_bearable(const KdfCost& cost);

/// Argon2id (RFC 9106, one lane) of a passphrase into `out`. `salt` has kdf_salt_size octets.
/// Errors: vault.bad_passphrase (empty, above 1024 octets), vault.no_memory.
[[nodiscard]] Result<void> stretch(std::string_view passphrase,
                                   std::string_view salt,
                                   const KdfCost& cost,
                                   std::span<char> out);

}  // namespace bulla::vault

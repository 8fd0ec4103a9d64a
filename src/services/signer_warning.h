#pragma once
#include "archive/public_keys.h"
#include "directory/snapshot.h"

#include <string>

namespace bulla::services {

/// The keys at `signature_public_key_path`; none where it is not set. Errors: those of PublicKeys::load.
[[nodiscard]] Result<archive::PublicKeys> load_check_keys(const directory::Snapshot& snapshot);

/// Why nobody here can check what `signer` signs (ARC-09): its public key is not among `keys`. Empty where it is, where there is no such
/// signer, or where verification was not set up at all.
[[nodiscard]] std::string warn_of_signer(const directory::Snapshot& snapshot,
                                         const Result<archive::PublicKeys>& keys,
                                         const std::string& signer);

}  // namespace bulla::services

#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "services/service.h"

#include <memory>
#include <string>

namespace bulla::services {

/// A signer's new key: where its private part is, and its public part.
struct SignerKey {
    std::shared_ptr<crypto::PrivateKey> key;
    std::string path{};  ///< The private key stays in this file; empty: it goes into the vault.
};

/// A key to make when the call does not say which.
struct KeyWish {
    std::string type = "p256";
    std::int64_t bits = 0;  ///< 0: the type's default.
};

/// Reads "private_key" (PEM, goes into the vault), or "path" (stays there), or makes a key of "type" and "bits".
/// Errors: signer.bad_path, signer.public_key (that is no private key), signer.no_bits (the type has one size only), those of the key.
[[nodiscard]] Result<SignerKey> read_signer_key(Arguments& in, const KeyWish& otherwise = {});

/// The rows that make `key` the one that signer `id` signs with; `created` of a new signer, with `id` new.
[[nodiscard]] Result<void> store_signer_key(store::Tx& tx,
                                            const std::string& id,
                                            const crypto::PublicKey& key,
                                            std::int64_t now);

/// Writes the public key to state/public/<id>-<first 8 of the fingerprint>.pem, for who verifies without bulla; gives the path.
[[nodiscard]] Result<std::string> save_public_key(const std::string& state_path,
                                                  const std::string& id,
                                                  const crypto::PublicKey& key);

}  // namespace bulla::services

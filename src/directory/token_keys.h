#pragma once
#include "base/error.h"
#include "config/config.h"
#include "crypto/key.h"
#include "directory/snapshot.h"

#include <memory>
#include <string>

namespace bulla::directory {

/// The key `uri` in a token, whose public half is known: that of `previous` (may be null) if it is there, with what is known of it. Asks nothing of
/// the token. Errors: those of pkcs11::TokenKey::expect, those of parse_pem.
[[nodiscard]] Result<std::shared_ptr<const pkcs11::TokenKey>> find_token_key(
    const std::string& uri,
    const std::string& public_pem,
    const config::Config& config,
    const Snapshot* previous);

/// What becomes of a token key.
struct TokenKeyState {
    std::string failure;  ///< Why it cannot sign at present; empty: nothing is known against it.
    bool signs = true;    ///< It is in force, and mail waits for the token if need be.
};

/// A key that fails is in force all the same where its domain's mail must be signed (setting dkim_missing_key), or once was with this key since the
/// start: a token that goes away never makes mail leave unsigned. Else it is missing.
[[nodiscard]] TokenKeyState decide_token_key(const pkcs11::TokenKey& key, bool missing_key_refuses);

/// Tries each token key that is not known to sign. True if loading `snapshot` anew would come to something else: a token came or went.
/// Blocks for as long as the tokens take.
[[nodiscard]] bool try_token_keys(const Snapshot& snapshot);

}  // namespace bulla::directory

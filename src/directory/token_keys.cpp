#include "directory/token_keys.h"

#include "pkcs11/token_key.h"

namespace bulla::directory {

Result<std::shared_ptr<const pkcs11::TokenKey>> find_token_key(const std::string& uri,
                                                               const std::string& public_pem,
                                                               const config::Config& config,
                                                               const Snapshot* previous) {
    BULLA_TRY(half, crypto::PublicKey::parse_pem(public_pem));
    // Made even where it is taken from before: a library that is no more allowed is not used any more.
    BULLA_TRY(made,
              pkcs11::TokenKey::expect(uri, {.modules = config.pkcs11.modules}, std::move(half)));
    if (previous != nullptr) {
        for (const auto& before : previous->token_keys) {
            if (before.key->uri() == uri &&
                before.key->public_key().fingerprint() == made->public_key().fingerprint()) {
                return before.key;
            }
        }
    }
    return std::move(made);
}

TokenKeyState decide_token_key(const pkcs11::TokenKey& key, bool missing_key_refuses) {
    TokenKeyState out{.failure = key.failure()};
    out.signs = out.failure.empty() || missing_key_refuses || key.has_signed();
    return out;
}

bool try_token_keys(const Snapshot& snapshot) {
    bool differs = false;
    for (const auto& [key, away] : snapshot.token_keys) {
        const bool fails = !key->probe();
        differs = differs || fails != away;
    }
    return differs;
}

}  // namespace bulla::directory

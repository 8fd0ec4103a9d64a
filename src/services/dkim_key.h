#pragma once
#include "crypto/key.h"
#include "dkim/rotation.h"
#include "services/service.h"
#include "store/transaction.h"

#include <chrono>
#include <string>
#include <vector>

// The rows of DKIM keys; used by the calls on one key and by rotation.

namespace bulla::services {

/// A key that is to be written.
struct NewKey {
    std::string domain, selector, algorithm;
    std::string pem;      ///< the public key
    std::string sealed;   ///< the private key, if it is not in a token
    std::string token{};  ///< the URI of the private key in a token
    bool active = false;
    bool rotating = false;
    std::int64_t now = 0;
};

/// A key as it is written.
struct DkimKeyRow {
    std::string domain, selector, algorithm;
    std::string pem;  ///< the public key
    dkim::KeyStage stage = dkim::KeyStage::next;
    std::int64_t created = 0;
    std::int64_t since = 0;   ///< When it came into its stage.
    std::int64_t seen = 0;    ///< When its record was first seen as it should be; 0: never.
    std::int64_t looked = 0;  ///< When the DNS was last asked; 0: never.
    std::string
        sight{};  ///< What it said then: exact, absent, different, unknown. Of a destroyed key: what bulla made of the record (dkim_publication.cpp).
    bool rotating = false;
    std::string token{};  ///< The URI of the private key, where that lies in a token.
};

/// All keys, or those of `domain`, by domain and selector. Errors: those of store, dkim.bad_stage.
[[nodiscard]] Result<std::vector<DkimKeyRow>> load_dkim_rows(ServiceContext& context,
                                                             const std::string& domain);
/// Writes a key and its private key; an active one takes the place of those of its algorithm.
[[nodiscard]] Result<void> insert_dkim_key(store::Tx& tx, const NewKey& key);
/// Destroys the private key; of one in a token forgets where it is: the token keeps it.
[[nodiscard]] Result<void> destroy_private_key(store::Tx& tx,
                                               const std::string& domain,
                                               const std::string& selector);
/// What to publish: {"name", "type", "value", "zone_line"}; a revoked key's has no key. Errors: crypto's, dkim.key_type.
[[nodiscard]] Result<nlohmann::json> dkim_record_of(const DkimKeyRow& row);
/// How long a record must stay after its key's last signature: the longest stay in the queue, then until the signature expires (a week where
/// signatures do not expire, for the queues of others).
[[nodiscard]] std::chrono::seconds dkim_grace(ServiceContext& context, const std::string& domain);

}  // namespace bulla::services

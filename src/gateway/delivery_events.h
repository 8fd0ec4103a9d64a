#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "queue/types.h"
#include "store/transaction.h"
#include "vault/vault.h"

namespace bulla::gateway {

/// Writes what came of an attempt to the message's events (archive/catalogue.h), one for each outcome in it: "delivered", "deferred" or
/// "failed", with the recipients, the next hop and its replies as JSON. In the transaction that records the result. Errors: those of store.
[[nodiscard]] Result<void> record_delivery(store::Tx& tx,
                                           const vault::Vault& vault,
                                           const queue::Delivery& delivery,
                                           const queue::DeliveryReport& report,
                                           Time now);

}  // namespace bulla::gateway

#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "gateway/flow.h"
#include "gateway/transit.h"

namespace bulla::gateway {

/// 1 identify: who sends, may they, and which way does the mail go? Errors: message.loop, message.no_from, message.bad_from,
/// sender.not_owned, sender.account_disabled, sender.auth_required. Pure.
[[nodiscard]] Result<void> identify(Transit& transit);

/// 5 decide: which groups archive it, which signers sign it, which copies there are. Errors: signer.missing, recipient.no_route. Pure.
[[nodiscard]] Result<void> decide(Transit& transit);

/// 7 sign: puts Received, what a submission lacks (RFC 6409 8), and the DKIM signatures in front of each copy, and checks them on the bytes
/// that leave. Errors: dkim.self_check_failed, dkim.key_missing.
[[nodiscard]] Result<void> sign(Transit& transit, const Clock& clock);

/// 8 seal: one batch for the sealer: records, leaf, signatures, rows, queue entries. `queued` is told when it is committed.
struct Sealed {
    seal::Batch batch;
    std::function<void(const seal::Committed&)> start_deliveries;
};

/// Fills `sealed.batch` (which may hold the results of other work already) with all that belongs to `transit`. Errors: signer.failed.
[[nodiscard]] Result<void> prepare_seal(const FlowContext& context,
                                        Transit& transit,
                                        Sealed& sealed);

}  // namespace bulla::gateway

#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "gateway/flow.h"
#include "gateway/transit.h"

namespace bulla::gateway {

/// 1 identify: who sends, may they, and which way does the mail go? Errors: message.loop, those of mail::authors,
/// sender.not_owned, sender.account_disabled, sender.auth_required. Pure.
[[nodiscard]] Result<void> identify(Transit& transit);

/// 5 decide: which groups archive it, which signers sign it, which copies there are. Errors: signer.missing, recipient.no_route. Pure.
[[nodiscard]] Result<void> decide(Transit& transit);

/// 7 sign: puts Received, what a submission lacks (RFC 6409 8), and the DKIM signatures in front of each copy, and checks them on the bytes
/// that leave. Errors: dkim.self_check_failed, dkim.key_missing.
[[nodiscard]] Result<void> sign(Transit& transit, const Clock& clock);

/// The stages 1 to 7 in their order, from the end of DATA to what would be sealed; nothing outside `transit` is changed. Errors: those of the
/// stages; the trace then ends before the one that failed.
[[nodiscard]] Result<void> run_stages(Transit& transit, const Clock& clock);

/// What is to be called once the batch is committed: hands the deliveries over, or (not `wanted`: whoever gave the message does not know that
/// it was taken) withdraws them.
using StartDeliveries = std::function<void(const seal::Committed&, bool wanted)>;

/// 8 seal: adds to `batch` (which may hold other work already) all that belongs to `transit`: records, leaf, signatures, rows, queue
/// entries. Errors: those of the archive signer; `batch` is then as it was.
[[nodiscard]] Result<StartDeliveries> prepare_seal(const FlowContext& context,
                                                   Transit& transit,
                                                   seal::Batch& batch);

}  // namespace bulla::gateway

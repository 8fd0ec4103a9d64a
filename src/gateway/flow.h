#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "directory/snapshot.h"
#include "gateway/disposition.h"
#include "gateway/metrics.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "names/message_id.h"
#include "seal/sealer.h"
#include "vault/vault.h"

#include <functional>
#include <memory>

namespace bulla::queue {
class Queue;
}

namespace bulla::gateway {

/// What every stage may use; all of it outlives the flow.
struct FlowContext {
    const directory::SnapshotHolder& snapshots;
    const vault::Vault& vault;
    seal::Sealer& sealer;
    queue::Queue& queue;
    MessageIds& ids;
    const Clock& clock;
    Random& random;
    Metrics& metrics;
};

/// May this sender use this door? Asked at MAIL, before anything else is known. The reply of a refusal, or nothing.
[[nodiscard]] std::optional<Reply> decide_sender(const directory::Snapshot& snapshot,
                                                 const mail::Envelope& envelope);

/// May this recipient be reached through this door? Asked at RCPT: inbound takes local domains only, relay and submission whatever a route
/// takes. The reply of a refusal, or nothing.
[[nodiscard]] std::optional<Reply> decide_recipient(const directory::Snapshot& snapshot,
                                                    const mail::Envelope& envelope,
                                                    const Mailbox& recipient);

/// The life of a message from the end of DATA to the 250 (docs/architecture.md): identify, decide, sign, seal. `bytes` have CRLF line
/// ends and passed the door's limits. The stages run in the calling thread (call it on the work pool); `done` is called once, on any
/// thread, with the reply to give: after 250 the message is on stable storage and queued; after anything else nothing is left behind.
void run_flow(const FlowContext& context,
              mail::Envelope envelope,
              std::string bytes,
              std::function<void(Reply)> done);

/// The same for a notice of bulla's own (a DSN): its records, leaves and rows are added to `batch`, and what follows the commit to
/// batch.done, so that it is committed together with what caused it. Errors: those of the stages; `batch` is then as it was. Blocks.
[[nodiscard]] Result<void> inject_notice(const FlowContext& context,
                                         seal::Batch& batch,
                                         mail::Envelope envelope,
                                         std::string bytes);

}  // namespace bulla::gateway

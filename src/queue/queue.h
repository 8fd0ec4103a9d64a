#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "mail/envelope.h"
#include "names/message_id.h"
#include "queue/types.h"
#include "seal/sealer.h"
#include "store/database.h"
#include "vault/vault.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bulla::queue {

/// Puts a notice (a DSN: `envelope.from` is nothing, `bytes` is the whole message with CRLF) through the flow, up to its records, leaves
/// and riders in `batch`; what has to happen after the commit it adds to batch.done (which may hold something already). Called on a thread
/// that may block.
using InjectNotice =
    std::function<Result<void>(seal::Batch& batch, mail::Envelope envelope, std::string bytes)>;

/// Deliveries at once to the destination of a route; asked when a destination is first met.
using ConcurrencyOf = std::function<unsigned(const std::string& route)>;

/// Told inside the transaction that records an attempt's result, or an administrator's giving up (then no report names a remote host):
/// writes rows of its own about it. May be called more than once for one result; the last time counts.
using RecordEvent = std::function<Result<void>(
    store::Tx& tx, const Delivery& delivery, const DeliveryReport& report, Time now)>;

struct QueueOptions {
    unsigned node = 0;
    std::string hostname = {};  ///< Reporting-MTA.
    /// The domain of postmaster, who writes the notices, as it is at present; none or empty: hostname. From any thread.
    std::function<std::string()> postmaster_domain = {};
    RetryPolicy retry = {};
    std::uint64_t max_message_memory =
        64U << 20U;  ///< Bytes of messages kept for deliveries that have not begun.
    std::size_t max_entries =
        20000;  ///< Deliveries known in memory; the others wait in the database.
    std::size_t max_entries_a_destination = 1000;
    unsigned max_active = 100;  ///< Attempts at once, all destinations together.
};

struct QueueServices {
    seal::Sealer& sealer;
    store::Database& database;
    const vault::Vault& vault;
    const seal::RecordReader& reader;
    MessageIds& ids;
    const Clock& clock;
    Random& random;
};

/// How a listing is narrowed; empty fields do not narrow.
struct QueueFilter {
    std::string state = {};  ///< queued or held
    std::string destination = {};
    std::string route = {};
    std::optional<MessageId> message = {};
    std::string address = {};  ///< Part of the sender's or of a recipient's address.
};

/// A delivery as administrators see it.
struct QueueItem {
    DeliveryId id;
    MessageId message;
    std::string route = {};
    std::string destination = {};
    std::string state = {};
    bool active = false;  ///< An attempt is under way (known only to the process that makes it).
    Time created, next_attempt, expires;
    unsigned attempts = 0;
    std::string last_error = {};
    std::string from = {};  ///< Empty: "<>".
    std::vector<std::string> recipients = {};
};

struct QueuePage {
    std::vector<QueueItem> items = {};
    std::int64_t next = 0;  ///< Cursor for what follows; 0: that was all.
};

/// The durable queue: rows in the database, written in the group commits; what is due in memory; what is new never read back. All members
/// may be called from any thread; those marked "blocks" not from an io thread.
class Queue {
  public:
    /// The deliveries of one batch, between attach() and start().
    struct Pending;
    using Ticket = std::shared_ptr<Pending>;

    Queue(QueueOptions options,
          QueueServices services,
          ConcurrencyOf concurrency_of,
          InjectNotice inject);
    /// Records what is known, then stops.
    ~Queue();
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    /// Adds to `batch` the rider that inserts the rows of `deliveries`. Seals their payloads: not for the sealer's thread.
    [[nodiscard]] Ticket attach(seal::Batch& batch, std::vector<NewDelivery> deliveries);
    /// After the commit, in Batch::done: deliveries may begin. Quick.
    void start(Ticket&& ticket, const seal::Committed& committed);

    /// After the commit, instead of start(): who was to be told of it was not, so nothing shall be delivered. What is being delivered already
    /// stays. From any thread; does not wait.
    void withdraw(Ticket&& ticket, const seal::Committed& committed);

    /// Sets the hook; before run().
    void on_event(RecordEvent hook);

    /// Begins to record results and to load what is due, on a thread of its own. `ready` is called, from any thread, when take() may have
    /// something.
    void run(std::function<void()> ready);
    /// Ends that thread: no more attempts are given out; waits until the results reported so far are recorded, or cannot be. Blocks.
    void stop();

    /// An attempt that is due now, if its destination and the whole have room; nothing if none is, or while results cannot be recorded.
    /// Each must be answered by report(). Its payload and bytes may be missing: then open() is needed.
    [[nodiscard]] std::optional<Delivery> take();
    /// Reads what take() did not have at hand. Errors: those of store and pack, queue.gone (deleted meanwhile). Blocks.
    [[nodiscard]] Result<void> open(Delivery& delivery);
    /// Tells what came of an attempt: recorded with others in one commit; notices are made and committed with it.
    void report(Delivery delivery, DeliveryReport report);
    /// Gives an attempt back as if it had not been made: at shutdown. The delivery is due again at the next start.
    void give_back(const Delivery& delivery);

    /// Records what was reported and loads what is due, once: what the thread of run() does over and over. Gives the time to come back at the
    /// latest. Blocks. Tests call it instead of run().
    Time step();

    /// Deliveries whose id is greater than `after`, in order of id. Blocks.
    [[nodiscard]] Result<QueuePage> list(const QueueFilter& filter,
                                         std::int64_t after,
                                         std::size_t limit);
    /// Error: queue.gone. Blocks.
    [[nodiscard]] Result<QueueItem> show(DeliveryId id);
    /// Makes it due now, whatever back-off says. Errors: queue.gone, queue.busy (an attempt is under way), those of the sealer. Blocks.
    [[nodiscard]] Result<void> retry(DeliveryId id);
    /// Attempts no more until release(). Errors as retry(). Blocks.
    [[nodiscard]] Result<void> hold(DeliveryId id);
    [[nodiscard]] Result<void> release(DeliveryId id);
    /// Gives it up; with `notify` the sender gets a failure notice if it asked for one or did not say. Errors as retry(). Blocks.
    [[nodiscard]] Result<void> remove(DeliveryId id, bool notify);

    /// Numbers for `status`: deliveries in memory, attempts under way, results not yet recorded, and why none can be ("" if all is well).
    struct Status {
        std::size_t entries = 0;
        std::size_t active = 0;
        std::size_t unrecorded = 0;
        std::string blocked;
    };

    [[nodiscard]] Status status() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace bulla::queue

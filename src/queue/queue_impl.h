#pragma once
#include "queue/dsn.h"
#include "queue/queue.h"
#include "queue/scheduler.h"
#include "queue/table.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace bulla::queue {

/// The deliveries of a batch that is being committed.
struct Queue::Pending {
    std::vector<Row> rows;
    std::vector<NewDelivery> deliveries;  ///< In the order of `rows`.
    std::vector<std::uint16_t> shares;    ///< Deliveries on the same record.
};

/// What memory holds of a delivery that is due, under way, or whose result is not recorded yet.
struct Known {
    std::string route, destination;
    std::optional<Row> row = {};  ///< Without payload and error texts; nothing: to be read.
    std::optional<Payload> payload = {};
    std::shared_ptr<const std::string> bytes = {};
};

/// A result to be recorded.
struct Finished {
    Delivery delivery{};
    DeliveryReport report;  ///< If `all` is set, its recipients are still to be filled with it.
    std::optional<RecipientResult> all;
    std::optional<Row> row;
    Time not_before;  ///< The destination is left alone until then.
    bool attempted = true;
    bool notify = true;
};

/// What a result does to its row.
struct Change {
    Finished finished;
    Row row;  ///< As it is to be.
    bool final = false;
    std::vector<Notice> notices;
};

struct Queue::Impl {
    Impl(QueueOptions given, QueueServices used, ConcurrencyOf concurrency, InjectNotice notices)
        : options(std::move(given)),
          services(used),
          concurrency_of(std::move(concurrency)),
          inject(std::move(notices)),
          scheduler({.entries = options.max_entries,
                     .entries_a_destination = options.max_entries_a_destination,
                     .active = options.max_active},
                    options.retry) {}

    // queue.cpp; those up to defer_blocked() and forget() need `mutex`
    void enter(Row&& row, NewDelivery&& delivery, std::uint16_t shares);
    Time step();
    void defer_blocked(Time now);
    void forget(DeliveryId id);
    void run_thread();
    void announce() const;

    // record.cpp: from results to rows
    [[nodiscard]] Result<void> record(std::vector<Finished>& results);
    [[nodiscard]] Result<void> complete(Finished& result);
    [[nodiscard]] Result<void> complete_all(std::vector<Finished>& results);
    [[nodiscard]] Change decide(Finished&& given, Time now);
    void postpone(Change& change, Time now, const Error& error) const;
    [[nodiscard]] Result<void> add_notices(seal::Batch& batch, const Change& change, Time now);
    [[nodiscard]] Result<void> add_shredding(seal::Batch& batch,
                                             const std::vector<Change>& changes);
    [[nodiscard]] seal::Rider make_rider(std::shared_ptr<const std::vector<Change>> changes,
                                         Time now) const;
    void settle(const std::vector<Change>& changes);
    [[nodiscard]] Result<std::shared_ptr<const std::string>> read_bytes(const Row& row,
                                                                        seal::RecordKind kind);

    // load.cpp: from rows to memory
    [[nodiscard]] Result<void> load(Time now);
    [[nodiscard]] Result<Row> read_row(DeliveryId id);

    // admin.cpp
    [[nodiscard]] QueueItem describe(const Row& row) const;
    [[nodiscard]] Result<void> change_state(DeliveryId id, std::string_view state);
    /// Takes a delivery that waits out of memory. Error: queue.busy.
    [[nodiscard]] Result<void> withdraw(DeliveryId id);

    const QueueOptions options;
    const QueueServices services;
    const ConcurrencyOf concurrency_of;
    const InjectNotice inject;
    RecordEvent record_event;
    std::string run_id;

    // Held by step() and by administrative changes from reading rows to having changed them; never by what must be quick.
    std::mutex slow_mutex;

    // Guards all below; held for moments only.
    mutable std::mutex mutex;
    std::condition_variable wake;
    Scheduler scheduler;
    std::unordered_map<std::int64_t, Known> known;
    std::unordered_map<std::string, RecipientResult>
        host_errors;  ///< Why a destination is left alone.
    std::vector<Finished> finished;
    std::size_t recording = 0;
    std::uint64_t bytes_held = 0;
    std::string blocked;      ///< Why results cannot be recorded; empty: they can.
    Time next_due;            ///< When rows outside memory are due; the epoch: look now.
    bool load_again = false;  ///< Rows that are due were left out for want of room.
    bool accepting = false;   ///< run() or step() was called: what is new is kept in memory.
    bool stopping = false;
    std::function<void()> ready;
    std::thread thread;
};

}  // namespace bulla::queue

#include "queue/queue_impl.h"

#include <algorithm>

namespace bulla::queue {

namespace {

constexpr std::size_t rows_a_page = 500;
// Results that wait to be recorded because their destination is left alone: beyond this the rest is looked at later.
constexpr std::size_t max_deferred = 5000;

}  // namespace

Result<Row> Queue::Impl::read_row(DeliveryId id) {
    BULLA_TRY(connection, services.database.lease());
    return load_row(*connection, id);
}

// Takes what is due into memory, oldest first, as far as there is room; the rest stays in the database, so that a start with a long queue
// costs no more than one with a short one.
Result<void> Queue::Impl::load(Time now) {
    BULLA_TRY(connection, services.database.lease());
    DueRow after{.id = DeliveryId(-1), .next_attempt = {}, .route = {}, .destination = {}};
    bool more = true;
    bool left_out = false;
    while (more) {
        BULLA_TRY(rows, load_due(*connection, options.node, now, after, rows_a_page));
        more = rows.size() == rows_a_page;
        const std::scoped_lock lock(mutex);
        bool any_blocked = false;
        for (const auto& row : rows) {
            if (known.contains(row.id.number())) {
                continue;
            }
            if (!scheduler.add(row.id, row.destination, concurrency_of(row.route))) {
                left_out = true;
                continue;
            }
            known.emplace(row.id.number(),
                          Known{.route = row.route, .destination = row.destination});
            any_blocked = any_blocked || scheduler.blocked_until(row.destination) > now;
        }
        if (any_blocked) {
            defer_blocked(now);
        }
        if (finished.size() > max_deferred) {
            load_again = true;
            more = false;
        }
        // Only what the scheduler refused makes it say when there is room again.
        more = more && !(left_out && scheduler.is_full());
        if (!rows.empty()) {
            after = rows.back();
        }
    }
    BULLA_TRY(next, load_next_due(*connection, now));
    const std::scoped_lock lock(mutex);
    next_due = next.value_or(Time::max());
    return {};
}

}  // namespace bulla::queue

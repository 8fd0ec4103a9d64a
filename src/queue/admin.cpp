#include "queue/queue_impl.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::queue {

namespace {

constexpr std::size_t max_page = 1000;
// Rows looked at for one page when the filter is on sealed columns.
constexpr std::size_t max_looked_at = 20'000;

bool mentions(const QueueItem& item, std::string_view address) {
    return item.from.contains(address) ||
           std::ranges::any_of(item.recipients,
                               [&](const auto& recipient) { return recipient.contains(address); });
}

}  // namespace

QueueItem Queue::Impl::describe(const Row& row) const {
    QueueItem item{.id = row.id,
                   .message = row.message,
                   .route = row.route,
                   .destination = row.destination,
                   .state = row.state,
                   .created = row.created,
                   .next_attempt = row.next_attempt,
                   .expires = row.expires,
                   .attempts = row.attempts,
                   .last_error = open_error(services.vault, row)};
    if (const auto payload = open_payload(services.vault, row); payload) {
        const auto& from = payload->from;
        item.from = from ? from->text() : "";
        for (const auto& recipient : payload->recipients) {
            item.recipients.push_back(recipient.mailbox.text());
        }
    } else {
        item.last_error = payload.error().text;
    }
    const std::scoped_lock lock(mutex);
    item.active = scheduler.is_active(row.id);
    return item;
}

Result<QueuePage> Queue::list(const QueueFilter& filter, std::int64_t after, std::size_t limit) {
    auto& impl = *impl_;
    const auto most = std::clamp<std::size_t>(limit, 1, max_page);
    const RowFilter narrow{.state = filter.state,
                           .destination = filter.destination,
                           .route = filter.route,
                           .message = filter.message ? filter.message->number() : 0};
    BULLA_TRY(connection, impl.services.database.lease());
    QueuePage page;
    std::size_t looked_at = 0;
    while (true) {
        BULLA_TRY(rows, load_rows(*connection, narrow, after, most));
        for (const auto& row : rows) {
            ++looked_at;
            after = row.id.number();
            auto item = impl.describe(row);
            if (filter.address.empty() || mentions(item, filter.address)) {
                page.items.push_back(std::move(item));
            }
            if (page.items.size() == most || looked_at == max_looked_at) {
                page.next = after;
                return page;
            }
        }
        if (rows.size() < most) {
            return page;
        }
    }
}

Result<QueueItem> Queue::show(DeliveryId id) {
    BULLA_TRY(row, impl_->read_row(id));
    return impl_->describe(row);
}

Result<void> Queue::Impl::withdraw(DeliveryId id) {
    const std::scoped_lock lock(mutex);
    if (!known.contains(id.number())) {
        return {};
    }
    if (!scheduler.knows(id) || !scheduler.remove(id)) {
        return fail(
            "queue.busy",
            Fault::temporary,
            fmt::format("{}: an attempt is under way; try again when it has ended", id.text()));
    }
    forget(id);
    return {};
}

Result<void> Queue::Impl::change_state(DeliveryId id, std::string_view state) {
    const std::scoped_lock slow(slow_mutex);
    BULLA_CHECK(withdraw(id));
    const auto now = services.clock.now();
    seal::Batch batch;
    batch.riders.emplace_back(
        [id, state, now](store::Tx& tx, const seal::Committed& /*committed*/) {
            return set_state(tx, id, state, now);
        });
    const auto committed = services.sealer.commit(std::move(batch));
    {
        const std::scoped_lock lock(mutex);
        next_due = {};
    }
    wake.notify_one();
    if (!committed) {
        return std::unexpected(committed.error());
    }
    return {};
}

Result<void> Queue::hold(DeliveryId id) {
    return impl_->change_state(id, "held");
}

Result<void> Queue::release(DeliveryId id) {
    return impl_->change_state(id, "queued");
}

Result<void> Queue::retry(DeliveryId id) {
    BULLA_TRY(row, impl_->read_row(id));
    if (row.state != "queued") {
        return fail(
            "queue.held", Fault::sender, fmt::format("{} is held: release it first", id.text()));
    }
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->scheduler.forgive(row.destination);
        impl_->host_errors.erase(row.destination);
    }
    return impl_->change_state(id, "queued");
}

Result<void> Queue::remove(DeliveryId id, bool notify) {
    auto& impl = *impl_;
    const std::scoped_lock slow(impl.slow_mutex);
    BULLA_TRY(row, impl.read_row(id));
    BULLA_CHECK(impl.withdraw(id));
    std::vector<Finished> results(1);
    results[0].delivery.id = id;
    results[0].delivery.route = row.route;
    results[0].delivery.destination = row.destination;
    results[0].all = RecipientResult{.outcome = Outcome::failed,
                                     .status = "5.7.0",
                                     .diagnostic = "deleted from the queue by an administrator"};
    results[0].attempted = false;
    results[0].notify = notify;
    auto recorded = impl.record(results);
    if (!recorded) {
        const std::scoped_lock lock(impl.mutex);
        impl.next_due = {};
    }
    impl.wake.notify_one();
    if (recorded && impl.read_row(id)) {
        // Its payload cannot be opened, so there was no result to record: the row goes alone.
        seal::Batch batch;
        batch.riders.emplace_back([id](store::Tx& tx, const seal::Committed& /*committed*/) {
            return delete_row(tx, id);
        });
        if (auto committed = impl.services.sealer.commit(std::move(batch)); !committed) {
            return std::unexpected(std::move(committed).error());
        }
    }
    return recorded;
}

}  // namespace bulla::queue

#include "queue/queue.h"

#include "base/encoding.h"
#include "base/log.h"
#include "queue/queue_impl.h"

#include <algorithm>
#include <map>
#include <set>

namespace bulla::queue {

namespace {

// Longer than any attempt may last: a node that is gone loses what it held after this.
constexpr std::chrono::hours lease_time{1};
constexpr std::chrono::seconds longest_sleep{60};
constexpr std::chrono::seconds blocked_pause{1};
constexpr std::size_t max_host_errors = 10'000;
constexpr std::size_t results_a_commit = 1000;

Payload make_payload(const NewDelivery& delivery, std::uint16_t shares) {
    return {.from = delivery.from,
            .recipients = delivery.recipients,
            .ret = delivery.ret,
            .envid = delivery.envid,
            .prefix = delivery.prefix,
            .kind = delivery.kind,
            .shares = shares,
            .eight_bit = delivery.eight_bit,
            .smtputf8 = delivery.smtputf8};
}

std::uint64_t size_of(const std::shared_ptr<const std::string>& bytes) {
    return bytes ? bytes->size() : 0;
}

}  // namespace

Queue::Queue(QueueOptions options,
             QueueServices services,
             ConcurrencyOf concurrency_of,
             InjectNotice inject)
    : impl_(std::make_unique<Impl>(
          std::move(options), services, std::move(concurrency_of), std::move(inject))) {
    impl_->run_id = hex_encode(services.random.bytes(8));
}

Queue::~Queue() {
    stop();
}

void Queue::on_event(RecordEvent hook) {
    impl_->record_event = std::move(hook);
}

Queue::Ticket Queue::attach(seal::Batch& batch, std::vector<NewDelivery> deliveries) {
    auto& impl = *impl_;
    auto pending = std::make_shared<Pending>();
    const auto now = impl.services.clock.now();
    std::map<std::size_t, std::uint16_t> shares;
    for (const auto& delivery : deliveries) {
        ++shares[delivery.record];
    }
    for (const auto& delivery : deliveries) {
        const auto id = impl.services.ids.next();
        pending->shares.push_back(shares[delivery.record]);
        pending->rows.push_back(
            {.id = id,
             .message = delivery.message,
             .route = delivery.route,
             .destination = delivery.destination,
             .state = "queued",
             .next_attempt = now,
             .created = now,
             .expires = now + impl.options.retry.expire,
             .own_record = delivery.own_record,
             .payload = seal_payload(
                 impl.services.vault, id, make_payload(delivery, shares[delivery.record]))});
    }
    pending->deliveries = std::move(deliveries);
    const Claim claim{.node = impl.options.node, .lease = now + lease_time, .run = impl.run_id};
    batch.riders.emplace_back(
        [pending, claim](store::Tx& tx, const seal::Committed& committed) -> Result<void> {
            for (std::size_t i = 0; i < pending->rows.size(); ++i) {
                auto row = pending->rows[i];
                row.address = committed.addresses[pending->deliveries[i].record];
                BULLA_CHECK(insert_row(tx, row, claim));
            }
            return {};
        });
    return pending;
}

void Queue::start(Ticket&& ticket, const seal::Committed& committed) {
    auto& impl = *impl_;
    {
        const std::scoped_lock lock(impl.mutex);
        if (!impl.accepting || impl.stopping) {
            return;
        }
        for (std::size_t i = 0; i < ticket->rows.size(); ++i) {
            ticket->rows[i].address = committed.addresses[ticket->deliveries[i].record];
            impl.enter(
                std::move(ticket->rows[i]), std::move(ticket->deliveries[i]), ticket->shares[i]);
        }
    }
    ticket.reset();
    impl.announce();
}

void Queue::withdraw(Ticket&& ticket, const seal::Committed& committed) {
    auto& impl = *impl_;
    const auto pending = std::move(ticket);
    std::vector<DeliveryId> ids;
    std::set<std::size_t> kept;
    for (std::size_t i = 0; i < pending->rows.size(); ++i) {
        if (const auto out = impl.withdraw(pending->rows[i].id); out) {
            ids.push_back(pending->rows[i].id);
        } else {
            log::warning("queue.not_withdrawn", {{"reason", out.error().text}});
            kept.insert(pending->deliveries[i].record);
        }
    }
    seal::Batch batch;
    std::set<std::size_t> shredded;
    for (std::size_t i = 0; i < pending->rows.size(); ++i) {
        const auto record = pending->deliveries[i].record;
        if (pending->rows[i].own_record && !kept.contains(record) &&
            shredded.insert(record).second) {
            batch.shred.push_back(committed.addresses[record]);
        }
    }
    batch.riders.emplace_back(
        [ids = std::move(ids)](store::Tx& tx,
                               const seal::Committed& /*committed*/) -> Result<void> {
            for (const auto id : ids) {
                BULLA_CHECK(delete_row(tx, id));
            }
            return {};
        });
    batch.done = [](Result<seal::Committed> outcome) {
        if (!outcome) {
            // They will be delivered: twice is better than never.
            log::error("queue.not_withdrawn", {{"reason", outcome.error().text}});
        }
    };
    impl.services.sealer.submit(std::move(batch));
}

void Queue::Impl::enter(Row&& row, NewDelivery&& delivery, std::uint16_t shares) {
    const auto id = row.id;
    // Loading may have found the committed row before the sealer's word about it came here.
    if (known.contains(id.number())) {
        return;
    }
    if (!scheduler.add(id, row.destination, concurrency_of(row.route))) {
        return;
    }
    Known entry{.route = row.route, .destination = row.destination};
    entry.payload = make_payload(delivery, shares);
    if (bytes_held + size_of(delivery.bytes) <= options.max_message_memory) {
        bytes_held += size_of(delivery.bytes);
        entry.bytes = std::move(delivery.bytes);
    }
    row.payload.clear();
    entry.row = std::move(row);
    const auto destination = entry.destination;
    known.insert_or_assign(id.number(), std::move(entry));
    const auto now = services.clock.now();
    if (scheduler.blocked_until(destination) > now) {
        defer_blocked(now);
    }
}

// What waits for a destination that is left alone is deferred as if it had been attempted: it must not wait in memory, nor miss its expiry.
void Queue::Impl::defer_blocked(Time now) {
    for (const auto id : scheduler.take_blocked(now)) {
        auto& entry = known.at(id.number());
        Finished result;
        result.delivery = {.id = id,
                           .message = {},
                           .route = entry.route,
                           .destination = entry.destination,
                           .payload = {},
                           .bytes = std::move(entry.bytes),
                           .created = {}};
        bytes_held -= size_of(result.delivery.bytes);
        const auto error = host_errors.find(entry.destination);
        result.all = error != host_errors.end()
                         ? error->second
                         : RecipientResult{.outcome = Outcome::deferred,
                                           .status = "4.4.1",
                                           .diagnostic = "the next hop could not be reached"};
        result.row = std::move(entry.row);
        if (entry.payload) {
            result.delivery.payload = std::move(*entry.payload);
        } else {
            result.row.reset();
        }
        result.not_before = scheduler.blocked_until(entry.destination);
        result.attempted = false;
        finished.push_back(std::move(result));
    }
    wake.notify_one();
}

void Queue::Impl::forget(DeliveryId id) {
    if (const auto entry = known.find(id.number()); entry != known.end()) {
        bytes_held -= size_of(entry->second.bytes);
        known.erase(entry);
    }
}

void Queue::Impl::announce() const {
    if (ready) {
        ready();
    }
}

std::optional<Delivery> Queue::take() {
    auto& impl = *impl_;
    const std::scoped_lock lock(impl.mutex);
    if (impl.stopping || !impl.blocked.empty()) {
        return std::nullopt;
    }
    const auto id = impl.scheduler.take(impl.services.clock.now());
    if (!id) {
        return std::nullopt;
    }
    if (impl.scheduler.has_room_again()) {
        impl.load_again = true;
        impl.wake.notify_one();
    }
    auto& entry = impl.known.at(id->number());
    Delivery delivery{.id = *id,
                      .message = {},
                      .route = entry.route,
                      .destination = entry.destination,
                      .payload = {},
                      .bytes = std::move(entry.bytes),
                      .created = {}};
    impl.bytes_held -= size_of(delivery.bytes);
    if (entry.row && entry.payload) {
        delivery.message = entry.row->message;
        delivery.created = entry.row->created;
        delivery.attempts = entry.row->attempts;
        delivery.payload = std::move(*entry.payload);
        entry.payload.reset();
    } else {
        // open() reads the row again; bytes alone are of no use without it.
        entry.row.reset();
    }
    return delivery;
}

Result<void> Queue::open(Delivery& delivery) {
    auto& impl = *impl_;
    std::optional<Row> row;
    {
        const std::scoped_lock lock(impl.mutex);
        if (const auto entry = impl.known.find(delivery.id.number()); entry != impl.known.end()) {
            row = entry->second.row;
        }
    }
    if (!row) {
        BULLA_TRY(read, impl.read_row(delivery.id));
        BULLA_TRY(payload, open_payload(impl.services.vault, read));
        delivery.message = read.message;
        delivery.created = read.created;
        delivery.attempts = read.attempts;
        delivery.payload = std::move(payload);
        read.payload.clear();
        row = read;
        const std::scoped_lock lock(impl.mutex);
        if (const auto entry = impl.known.find(delivery.id.number()); entry != impl.known.end()) {
            entry->second.row = std::move(read);
        }
    }
    if (!delivery.bytes) {
        BULLA_TRY(bytes, impl.read_bytes(*row, delivery.payload.kind));
        delivery.bytes = std::move(bytes);
    }
    return {};
}

void Queue::report(Delivery delivery, DeliveryReport report) {
    auto& impl = *impl_;
    {
        const std::scoped_lock lock(impl.mutex);
        const auto now = impl.services.clock.now();
        Finished result;
        if (const auto entry = impl.known.find(delivery.id.number()); entry != impl.known.end()) {
            result.row = entry->second.row;
        }
        const auto destination = delivery.destination;
        result.not_before =
            impl.scheduler.finish(delivery.id, !report.host_failed, now, impl.services.random);
        if (report.host_failed && !report.recipients.empty()) {
            if (impl.host_errors.size() < max_host_errors) {
                impl.host_errors.insert_or_assign(destination, report.recipients.front());
                impl.host_errors.at(destination).outcome = Outcome::deferred;
            }
        } else {
            impl.host_errors.erase(destination);
        }
        result.delivery = std::move(delivery);
        result.report = std::move(report);
        const bool failed = result.report.host_failed;
        impl.finished.push_back(std::move(result));
        if (failed) {
            impl.defer_blocked(now);
        }
    }
    impl.wake.notify_one();
}

void Queue::give_back(const Delivery& delivery) {
    auto& impl = *impl_;
    const std::scoped_lock lock(impl.mutex);
    std::ignore =
        impl.scheduler.finish(delivery.id, true, impl.services.clock.now(), impl.services.random);
    impl.forget(delivery.id);
    impl.next_due = {};
}

void Queue::run(std::function<void()> ready) {
    auto& impl = *impl_;
    {
        const std::scoped_lock lock(impl.mutex);
        impl.ready = std::move(ready);
        impl.accepting = true;
        impl.stopping = false;
    }
    impl.thread = std::thread([this] { impl_->run_thread(); });
}

void Queue::stop() {
    auto& impl = *impl_;
    {
        const std::scoped_lock lock(impl.mutex);
        impl.stopping = true;
    }
    impl.wake.notify_one();
    if (impl.thread.joinable()) {
        impl.thread.join();
    }
    // Also what was reported after an earlier stop().
    while (status().unrecorded > 0 && status().blocked.empty()) {
        std::ignore = step();
    }
}

void Queue::Impl::run_thread() {
    Time next{};
    std::unique_lock lock(mutex);
    while (!stopping) {
        if (blocked.empty() && finished.empty() && !load_again && services.clock.now() < next) {
            const auto span =
                std::min<std::chrono::microseconds>(next - services.clock.now(), longest_sleep);
            wake.wait_for(lock, span);
            next = std::min(next, next_due);
            continue;
        }
        if (!blocked.empty()) {
            wake.wait_for(lock, blocked_pause, [this] { return stopping; });
        }
        lock.unlock();
        next = step();
        lock.lock();
    }
}

Time Queue::Impl::step() {
    const std::scoped_lock slow(slow_mutex);
    std::vector<Finished> results;
    {
        const std::scoped_lock lock(mutex);
        accepting = true;
        const auto count = std::min(finished.size(), results_a_commit);
        std::move(finished.begin(),
                  finished.begin() + static_cast<std::ptrdiff_t>(count),
                  std::back_inserter(results));
        finished.erase(finished.begin(), finished.begin() + static_cast<std::ptrdiff_t>(count));
        recording = results.size();
    }
    const auto recorded = results.empty() ? Result<void>{} : record(results);
    const auto now = services.clock.now();
    bool look = false;
    bool was_blocked = false;
    {
        const std::scoped_lock lock(mutex);
        recording = 0;
        if (!recorded) {
            // Not lost: the same results are tried again, and no attempt is begun until they stand.
            blocked = recorded.error().text;
            std::move(results.begin(), results.end(), std::back_inserter(finished));
            log::error("queue.not_recorded",
                       {{"why", blocked}, {"results", std::to_string(finished.size())}});
            return now + blocked_pause;
        }
        was_blocked = !blocked.empty();
        blocked.clear();
        scheduler.sweep(now);
        look = !stopping && (load_again || now >= next_due);
        load_again = false;
    }
    if (look) {
        if (const auto loaded = load(now); !loaded) {
            log::error("queue.not_loaded", {{"why", loaded.error().text}});
            const std::scoped_lock lock(mutex);
            next_due = now + longest_sleep;
        }
        // Rows that are due and had no room, or whose commit became known late, are found by looking again.
        const std::scoped_lock lock(mutex);
        next_due = std::min(next_due, now + longest_sleep);
    }
    if (look || was_blocked) {
        announce();
    }
    const std::scoped_lock lock(mutex);
    return load_again || !finished.empty() ? now : next_due;
}

Time Queue::step() {
    return impl_->step();
}

Queue::Status Queue::status() const {
    const std::scoped_lock lock(impl_->mutex);
    return {.entries = impl_->known.size(),
            .active = impl_->scheduler.active(),
            .unrecorded = impl_->finished.size() + impl_->recording,
            .blocked = impl_->blocked};
}

}  // namespace bulla::queue

#include "base/log.h"
#include "queue/queue_impl.h"
#include "queue/retry.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace bulla::queue {

namespace {

// Storage, or a service that only the daemon has: nothing else can be recorded either.
bool stops_recording(const Error& error) {
    return error.code.starts_with("seal.") || error.code.starts_with("store.") ||
           error.code.starts_with("service.");
}

std::string_view header_of(std::string_view message) {
    const auto end = message.find("\r\n\r\n");
    return message.substr(0, end == std::string_view::npos ? message.size() : end + 2);
}

/// The one result of many that is shown for the delivery.
std::string describe_error(const DeliveryReport& report) {
    for (const auto& result : report.recipients) {
        if (result.outcome == Outcome::deferred) {
            return result.diagnostic;
        }
    }
    return {};
}

// Of a result that complete_all() has left in.
const Row& row_of(const Finished& result) {
    if (!result.row) {
        throw std::logic_error("a result without its row");
    }
    return *result.row;
}

}  // namespace

Result<std::shared_ptr<const std::string>> Queue::Impl::read_bytes(const Row& row,
                                                                   seal::RecordKind kind) {
    BULLA_TRY(opened, services.reader.read(row.address, row.message, kind));
    return std::make_shared<const std::string>(std::move(opened.plain));
}

// Reads what memory did not hold of a delivery.
Result<void> Queue::Impl::complete(Finished& result) {
    if (!result.row) {
        BULLA_TRY(row, read_row(result.delivery.id));
        if (result.delivery.payload.recipients.empty()) {
            BULLA_TRY(payload, open_payload(services.vault, row));
            result.delivery.payload = std::move(payload);
        }
        row.payload.clear();
        result.row = std::move(row);
    }
    result.delivery.message = result.row->message;
    result.delivery.created = result.row->created;
    result.delivery.attempts = result.row->attempts;
    const auto count = result.delivery.payload.recipients.size();
    if (result.all) {
        result.report.recipients.assign(count, *result.all);
    }
    // An exit that says nothing of a recipient has not delivered to it.
    result.report.recipients.resize(count,
                                    {.outcome = Outcome::deferred,
                                     .status = "4.3.0",
                                     .diagnostic = "the stored message cannot be read now"});
    return {};
}

// Drops results of deliveries that are no more or cannot be read: there is no row to change.
Result<void> Queue::Impl::complete_all(std::vector<Finished>& results) {
    for (auto& result : results) {
        const auto completed = complete(result);
        if (completed) {
            continue;
        }
        if (completed.error().fault == Fault::temporary) {
            return completed;
        }
        log::error("queue.result_dropped",
                   {{"delivery", result.delivery.id.text()}, {"why", completed.error().text}});
        const std::scoped_lock lock(mutex);
        forget(result.delivery.id);
        result.row.reset();
    }
    std::erase_if(results, [](const Finished& result) { return !result.row; });
    return {};
}

Change Queue::Impl::decide(Finished&& given, Time now) {
    Change change{.finished = std::move(given), .row = {}, .notices = {}};
    auto& report = change.finished.report;
    const auto& payload = change.finished.delivery.payload;
    change.row = row_of(change.finished);
    auto& row = change.row;
    ++row.attempts;
    Payload remaining = payload;
    remaining.recipients.clear();
    for (std::size_t i = 0; i < report.recipients.size(); ++i) {
        auto& result = report.recipients[i];
        if (result.outcome == Outcome::deferred && is_expired(row.expires, now)) {
            result.outcome = Outcome::failed;
            result.status = "4.4.7";  // RFC 3463 3.5: delivery time expired
        }
        if (result.outcome == Outcome::deferred) {
            remaining.recipients.push_back(payload.recipients[i]);
        }
    }
    change.final = remaining.recipients.empty();
    const bool delay = !change.final && is_delay_due(options.retry, row.created, now, row.warned);
    row.warned = row.warned || delay;
    if (change.finished.notify) {
        change.notices = decide_notices(payload, report, delay);
    }
    if (!change.final) {
        const auto wait = decide_wait(options.retry, row.attempts, services.random);
        row.next_attempt = std::min(std::max(now + wait, change.finished.not_before), row.expires);
        row.last_error = seal_error(services.vault, row.id, describe_error(report));
        if (remaining.recipients.size() != payload.recipients.size()) {
            row.payload = seal_payload(services.vault, row.id, remaining);
        }
    }
    return change;
}

Result<void> Queue::Impl::add_notices(seal::Batch& batch, const Change& change, Time now) {
    if (change.notices.empty() || !inject) {
        return {};
    }
    const auto& delivery = change.finished.delivery;
    auto bytes = delivery.bytes;
    if (!bytes) {
        if (auto read = read_bytes(row_of(change.finished), delivery.payload.kind); read) {
            bytes = std::move(*read);
        } else {
            log::error("queue.notice_without_header",
                       {{"delivery", delivery.id.text()}, {"why", read.error().text}});
        }
    }
    for (const auto& notice : change.notices) {
        DsnRequest request{
            .kind = notice.kind,
            .hostname = options.hostname,
            .postmaster_domain = options.postmaster_domain ? options.postmaster_domain() : "",
            .remote_mta = change.finished.report.remote_mta,
            .now = now,
            .arrived = delivery.created,
            .retry_until = change.row.expires,
            .from = delivery.payload.from,
            .envid = delivery.payload.envid,
            .message = delivery.message,
            .header = bytes ? header_of(*bytes) : std::string_view{}};
        for (const auto i : notice.recipients) {
            request.recipients.push_back(delivery.payload.recipients[i]);
            request.results.push_back(change.finished.report.recipients[i]);
        }
        auto made = make_dsn(request, services.random);
        const auto injected = made
                                  ? inject(batch, std::move(made->envelope), std::move(made->bytes))
                                  : Result<void>(std::unexpected(made.error()));
        if (!injected) {
            // What fails on our side may do later; a sender that no route leads to never will.
            const auto& error = injected.error();
            if (error.fault != Fault::sender) {
                return std::unexpected(error);
            }
            log::warning("queue.notice_dropped",
                         {{"delivery", delivery.id.text()}, {"why", error.text}});
        }
    }
    return {};
}

// A record that served deliveries alone goes with the last of them.
Result<void> Queue::Impl::add_shredding(seal::Batch& batch, const std::vector<Change>& changes) {
    struct Group {
        const Row* row = nullptr;
        std::int64_t ended = 0;
        bool shared = false;
    };

    std::map<std::tuple<std::string, std::int64_t, std::int64_t>, Group> groups;
    for (const auto& change : changes) {
        if (change.final && change.row.own_record) {
            const auto& address = change.row.address;
            auto& group = groups[{address.volume, address.pack, address.slot}];
            group.row = &change.row;
            ++group.ended;
            group.shared = change.finished.delivery.payload.shares != 1;
        }
    }
    for (const auto& [key, group] : groups) {
        if (group.shared) {
            BULLA_TRY(connection, services.database.lease());
            BULLA_TRY(rows, count_sharing(*connection, group.row->message, group.row->address));
            if (rows > group.ended) {
                continue;
            }
        }
        batch.shred.push_back(group.row->address);
    }
    return {};
}

seal::Rider Queue::Impl::make_rider(std::shared_ptr<const std::vector<Change>> changes,
                                    Time now) const {
    return [changes = std::move(changes), now, hook = record_event](
               store::Tx& tx, const seal::Committed& /*committed*/) -> Result<void> {
        for (const auto& change : *changes) {
            if (change.final) {
                BULLA_CHECK(delete_row(tx, change.row.id));
            } else {
                BULLA_CHECK(update_row(tx, change.row));
            }
            if (hook) {
                BULLA_CHECK(hook(tx, change.finished.delivery, change.finished.report, now));
            }
        }
        return {};
    };
}

void Queue::Impl::settle(const std::vector<Change>& changes) {
    const std::scoped_lock lock(mutex);
    for (const auto& change : changes) {
        forget(change.row.id);
        if (!change.final) {
            next_due = std::min(next_due, change.row.next_attempt);
        }
    }
    load_again = scheduler.has_room_again() || load_again;
}

// The notice that the result calls for cannot be made now, and without it the sender would never hear of the failure: as if the attempt had
// been deferred, so that other results are not held up by it.
void Queue::Impl::postpone(Change& change, Time now, const Error& error) const {
    log::error("queue.notice_postponed", {{"delivery", change.row.id.text()}, {"why", error.text}});
    const auto attempts = change.row.attempts;
    change.row = row_of(change.finished);
    change.row.attempts = attempts;
    change.row.next_attempt = now + decide_wait(options.retry, attempts, services.random);
    change.final = false;
    change.notices.clear();
}

// All results in one commit, with the notices that they cause; if it fails, `results` are as they were.
Result<void> Queue::Impl::record(std::vector<Finished>& results) {
    const auto now = services.clock.now();
    BULLA_CHECK(complete_all(results));
    auto changes = std::make_shared<std::vector<Change>>();
    const auto give_back_results = [&](const Error& error) {
        results.clear();
        std::ranges::transform(*changes, std::back_inserter(results), [](Change& change) {
            return std::move(change.finished);
        });
        return Result<void>(std::unexpected(error));
    };
    seal::Batch batch;
    for (auto& result : results) {
        changes->push_back(decide(std::move(result), now));
    }
    for (auto& change : *changes) {
        const auto added = add_notices(batch, change, now);
        if (added) {
            continue;
        }
        if (stops_recording(added.error())) {
            return give_back_results(added.error());
        }
        postpone(change, now, added.error());
    }
    if (const auto added = add_shredding(batch, *changes); !added) {
        return give_back_results(added.error());
    }
    if (changes->empty()) {
        return {};
    }
    batch.riders.push_back(make_rider(changes, now));
    if (const auto committed = services.sealer.commit(std::move(batch)); !committed) {
        return give_back_results(committed.error());
    }
    settle(*changes);
    return {};
}

}  // namespace bulla::queue

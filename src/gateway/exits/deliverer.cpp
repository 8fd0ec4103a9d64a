#include "gateway/exits/deliverer.h"

#include "base/log.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <utility>

namespace bulla::gateway {

namespace {

using namespace std::chrono_literals;

// How long attempts may go on once the daemon is told to stop.
constexpr auto stop_grace = 10s;
constexpr auto poll_working = 10ms;
constexpr auto sweep_every = 5s;

const config::Route* find_route(const directory::Snapshot& snapshot, const std::string& name) {
    const auto& routes = snapshot.config.routes;
    const auto route = std::ranges::find(routes, name, &config::Route::name);
    return route != routes.end() ? &*route : nullptr;
}

void note(const queue::Delivery& delivery, const queue::DeliveryReport& report) {
    if (!log::enabled(log::Level::info)) {
        return;
    }
    for (std::size_t i = 0; i < report.recipients.size(); ++i) {
        const auto& result = report.recipients[i];
        const auto* event = result.outcome == queue::Outcome::delivered  ? "queue.delivered"
                            : result.outcome == queue::Outcome::deferred ? "queue.deferred"
                                                                         : "queue.failed";
        log::info(event,
                  {{"id", delivery.message.text()},
                   {"to", delivery.payload.recipients[i].mailbox.text()},
                   {"route", delivery.route},
                   {"reply", result.diagnostic}});
    }
}

}  // namespace

Deliverer::Deliverer(net::Runtime& runtime,
                     queue::Queue& queue,
                     const directory::SnapshotHolder& snapshots,
                     net::Resolver* resolver,
                     std::size_t memory,
                     Metrics& metrics)
    : runtime_(runtime),
      metrics_(metrics),
      queue_(queue),
      snapshots_(snapshots),
      memory_(memory),
      smtp_(runtime, snapshots, resolver) {}

void Deliverer::count(const queue::DeliveryReport& report) {
    for (const auto& recipient : report.recipients) {
        switch (recipient.outcome) {
            case queue::Outcome::delivered:
                metrics_.add(Metric::delivery_delivered);
                break;
            case queue::Outcome::deferred:
                metrics_.add(Metric::delivery_deferred);
                break;
            case queue::Outcome::failed:
                metrics_.add(Metric::delivery_bounced);
                break;
        }
    }
}

void Deliverer::start() {
    for (unsigned i = 0; i < runtime_.io_threads(); ++i) {
        runtime_.spawn(sweep(), "deliverer.sweep");
    }
    queue_.run([this] { wake(); });
}

// From any thread. One pump that has not begun yet sees all that is due when it begins, so there is never a need for two.
void Deliverer::wake() {
    if (!stopping_ && !pump_waiting_.exchange(true)) {
        runtime_.spawn(pump(), "deliverer.pump");
    }
}

std::optional<queue::Delivery> Deliverer::take() {
    return stopping_ ? std::nullopt : queue_.take();
}

net::Task<void> Deliverer::pump() {
    pump_waiting_ = false;
    auto mine = take();
    while (mine) {
        auto next = take();
        ++working_;
        if (!next) {
            co_await work(std::move(*mine));
            co_return;
        }
        runtime_.spawn(work(std::move(*mine)), "deliverer.work");
        mine = std::move(next);
    }
}

net::Task<void> Deliverer::work(queue::Delivery first) {
    std::optional<queue::Delivery> delivery(std::move(first));
    while (delivery) {
        auto report = co_await guard(*delivery, attempt(*delivery));
        note(*delivery, report);
        count(report);
        queue_.report(std::move(*delivery), std::move(report));
        delivery = take();
    }
    --working_;
}

// Reads the message if it is not at hand. What finds no room goes, and is read again when there is some.
net::Task<Result<AttemptMemory::Share>> Deliverer::bring(queue::Delivery& delivery) {
    AttemptMemory::Share share;
    while (true) {
        if (!delivery.bytes) {
            BULLA_CO_CHECK(co_await net::on_work_pool([&] { return queue_.open(delivery); }));
        }
        const std::size_t octets = delivery.bytes->size();
        if (!share) {
            share = memory_.try_take(octets);
        }
        if (share) {
            co_return std::move(share);
        }
        delivery.bytes.reset();
        share = co_await memory_.take(octets);
    }
}

net::Task<queue::DeliveryReport> Deliverer::attempt(queue::Delivery& delivery) {
    const auto share = co_await bring(delivery);
    if (!share) {
        log::error("queue.unreadable",
                   {{"id", delivery.message.text()},
                    {"code", std::string(share.error().code)},
                    {"reason", share.error().text}});
        co_return make_report(delivery,
                              Error{.code = "queue.unreadable",
                                    .fault = Fault::us,
                                    .text = "the stored message cannot be read now"});
    }
    const auto snapshot = snapshots_.current();
    const auto* route = find_route(*snapshot, delivery.route);
    if (route == nullptr) {
        co_return make_report(
            delivery,
            Error{.code = "exit.no_route_left",
                  .fault = Fault::us,
                  .text = fmt::format("bulla.toml has no route {} any more", delivery.route)});
    }
    if (route->exit == config::RouteExit::maildir) {
        co_return co_await maildir_.deliver(delivery, *route);
    }
    co_return co_await smtp_.deliver(delivery, *route);
}

net::Task<void> Deliverer::sweep() {
    while (true) {
        co_await net::sleep(sweep_every);
        smtp_.close_idle();
    }
}

net::Task<void> Deliverer::stop() {
    stopping_ = true;
    const auto deadline = net::after(stop_grace);
    while (working_ > 0 && std::chrono::steady_clock::now() < deadline) {
        co_await net::sleep(poll_working);
    }
    co_await net::on_work_pool([this] { queue_.stop(); });
}

}  // namespace bulla::gateway

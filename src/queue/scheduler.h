#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "queue/types.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace bulla::queue {

struct SchedulerLimits {
    std::size_t entries = 20000;               ///< Waiting in all.
    std::size_t entries_a_destination = 1000;  ///< Waiting for one destination.
    unsigned active = 100;                     ///< Attempts at once.
};

/// Who is next: the deliveries that are due and in memory, by destination, in turn. Pure: time and chance come in. Not thread-safe.
class Scheduler {
  public:
    Scheduler(const SchedulerLimits& limits, const RetryPolicy& retry)
        : limits_(limits), retry_(retry) {}

    /// Takes a delivery that is due now. False if there is no room for it: it must be loaded later. Known ones are true at once.
    [[nodiscard]] bool add(DeliveryId id, const std::string& destination, unsigned concurrency);
    /// The next delivery to attempt, or nothing. While a destination is left alone only one attempt goes there at a time, and none before
    /// its back-off is over.
    [[nodiscard]] std::optional<DeliveryId> take(Time now);
    /// An attempt has ended. `reached`: false leaves the destination alone for a while; the result is until when.
    Time finish(DeliveryId id, bool reached, Time now, Random& random);
    /// Forgets one that waits. False if it is being attempted.
    [[nodiscard]] bool remove(DeliveryId id);
    /// Forgets all that wait for a destination that is left alone at `now`, and gives them: they are deferred without an attempt.
    [[nodiscard]] std::vector<DeliveryId> take_blocked(Time now);
    /// Ends the back-off of a destination: an administrator wants an attempt.
    void forgive(const std::string& destination);

    [[nodiscard]] bool knows(DeliveryId id) const { return entries_.contains(id.number()); }

    [[nodiscard]] bool is_active(DeliveryId id) const;
    /// Forgets destinations that have nothing waiting and whose back-off is over. Now and then.
    void sweep(Time now);
    /// Until when the destination is left alone; the epoch if it is not.
    [[nodiscard]] Time blocked_until(const std::string& destination) const;
    /// True once if a destination that took no more in add() has room again: load what was left out.
    [[nodiscard]] bool has_room_again();
    /// Destinations that take no more now.
    [[nodiscard]] std::vector<std::string> full_destinations() const;

    [[nodiscard]] bool is_full() const { return waiting_ >= limits_.entries; }

    [[nodiscard]] std::size_t waiting() const { return waiting_; }

    [[nodiscard]] unsigned active() const { return active_; }

    /// Destinations remembered.
    [[nodiscard]] std::size_t destinations() const { return destinations_.size(); }

  private:
    struct Destination {
        std::string name;
        std::list<std::int64_t> waiting;
        unsigned active = 0;
        unsigned concurrency = 1;
        unsigned failures = 0;  ///< In a row.
        Time blocked_until{};
        bool queued = false;  ///< Is in turn_.
        bool overflowed = false;
    };

    struct Entry {
        Destination* destination;
        std::list<std::int64_t>::iterator place;
        bool active = false;
    };

    [[nodiscard]] static bool may_start(const Destination& destination, Time now);
    void enqueue(Destination& destination);
    void forget_if_idle(Destination& destination, Time now);

    SchedulerLimits limits_;
    RetryPolicy retry_;
    std::unordered_map<std::string, Destination> destinations_;
    std::unordered_map<std::int64_t, Entry> entries_;
    std::deque<Destination*> turn_;  // those that have something waiting
    std::size_t waiting_ = 0;
    unsigned active_ = 0;
    bool overflowed_ = false;
};

}  // namespace bulla::queue

#include "queue/scheduler.h"

#include "queue/retry.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bulla::queue {

bool Scheduler::may_start(const Destination& destination, Time now) {
    if (destination.failures > 0) {
        return destination.active == 0 && now >= destination.blocked_until;
    }
    return destination.active < destination.concurrency;
}

void Scheduler::enqueue(Destination& destination) {
    if (!destination.queued && !destination.waiting.empty()) {
        destination.queued = true;
        turn_.push_back(&destination);
    }
}

void Scheduler::forget_if_idle(Destination& destination, Time now) {
    if (destination.waiting.empty() && destination.active == 0 && !destination.queued &&
        !destination.overflowed && now >= destination.blocked_until && destination.failures == 0) {
        destinations_.erase(std::string(destination.name));
    }
}

bool Scheduler::add(DeliveryId id, const std::string& destination, unsigned concurrency) {
    if (knows(id)) {
        return true;
    }
    auto& target = destinations_[destination];
    if (target.name.empty()) {
        target.name = destination;
    }
    target.concurrency = std::max(1U, concurrency);
    if (is_full() || target.waiting.size() >= limits_.entries_a_destination) {
        target.overflowed = true;
        overflowed_ = true;
        return false;
    }
    const auto place = target.waiting.insert(target.waiting.end(), id.number());
    entries_.emplace(id.number(), Entry{.destination = &target, .place = place});
    ++waiting_;
    enqueue(target);
    return true;
}

std::optional<DeliveryId> Scheduler::take(Time now) {
    if (active_ >= limits_.active) {
        return std::nullopt;
    }
    for (auto left = turn_.size(); left > 0; --left) {
        Destination& destination = *turn_.front();
        turn_.pop_front();
        destination.queued = false;
        if (destination.waiting.empty()) {
            forget_if_idle(destination, now);
            continue;
        }
        if (!may_start(destination, now)) {
            enqueue(destination);
            continue;
        }
        const auto number = destination.waiting.front();
        destination.waiting.pop_front();
        --waiting_;
        ++active_;
        ++destination.active;
        entries_.at(number).active = true;
        enqueue(destination);
        return DeliveryId(number);
    }
    return std::nullopt;
}

Time Scheduler::finish(DeliveryId id, bool reached, Time now, Random& random) {
    const auto entry = entries_.find(id.number());
    if (entry == entries_.end() || !entry->second.active) {
        return {};
    }
    Destination& destination = *entry->second.destination;
    entries_.erase(entry);
    --active_;
    --destination.active;
    if (reached) {
        destination.failures = 0;
        destination.blocked_until = {};
    } else if (now >= destination.blocked_until) {
        // Attempts that were under way together count as one failure of the host.
        ++destination.failures;
        destination.blocked_until = now + decide_wait(retry_, destination.failures, random);
    }
    const auto until = destination.blocked_until;
    enqueue(destination);
    forget_if_idle(destination, now);
    return until;
}

bool Scheduler::remove(DeliveryId id) {
    const auto entry = entries_.find(id.number());
    if (entry == entries_.end()) {
        return true;
    }
    if (entry->second.active) {
        return false;
    }
    entry->second.destination->waiting.erase(entry->second.place);
    entries_.erase(entry);
    --waiting_;
    return true;
}

std::vector<DeliveryId> Scheduler::take_blocked(Time now) {
    std::vector<DeliveryId> blocked;
    for (auto& [name, destination] : destinations_) {
        if (destination.blocked_until > now) {
            for (const auto number : destination.waiting) {
                blocked.emplace_back(number);
                entries_.erase(number);
            }
            waiting_ -= destination.waiting.size();
            destination.waiting.clear();
        }
    }
    return blocked;
}

void Scheduler::forgive(const std::string& destination) {
    if (const auto found = destinations_.find(destination); found != destinations_.end()) {
        found->second.failures = 0;
        found->second.blocked_until = {};
    }
}

void Scheduler::sweep(Time now) {
    std::erase_if(destinations_, [now](const auto& item) {
        const Destination& destination = item.second;
        return destination.waiting.empty() && destination.active == 0 && !destination.queued &&
               now >= destination.blocked_until;
    });
}

bool Scheduler::is_active(DeliveryId id) const {
    const auto entry = entries_.find(id.number());
    return entry != entries_.end() && entry->second.active;
}

Time Scheduler::blocked_until(const std::string& destination) const {
    const auto found = destinations_.find(destination);
    return found == destinations_.end() ? Time{} : found->second.blocked_until;
}

bool Scheduler::has_room_again() {
    if (!overflowed_ || waiting_ > limits_.entries / 2) {
        return false;
    }
    bool room = false;
    bool still_over = false;
    for (auto& [name, destination] : destinations_) {
        if (destination.overflowed) {
            if (destination.waiting.size() <= limits_.entries_a_destination / 2) {
                destination.overflowed = false;
                room = true;
            } else {
                still_over = true;
            }
        }
    }
    overflowed_ = still_over;
    return room;
}

std::vector<std::string> Scheduler::full_destinations() const {
    std::vector<std::string> full;
    for (const auto& [name, destination] : destinations_) {
        if (destination.waiting.size() >= limits_.entries_a_destination) {
            full.push_back(name);
        }
    }
    return full;
}

}  // namespace bulla::queue

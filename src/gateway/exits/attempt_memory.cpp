#include "gateway/exits/attempt_memory.h"

#include <algorithm>

namespace bulla::gateway {

AttemptMemory::Share::~Share() {
    if (memory_ != nullptr) {
        memory_->give(octets_);
    }
}

std::size_t AttemptMemory::charge_of(std::size_t octets) const {
    return std::min(octets, limit_ / 2);
}

// What began to wait under a greater limit may never fit into the present one: it goes alone.
bool AttemptMemory::has_room_for(std::size_t charge) const {
    return used_ == 0 || (used_ <= limit_ && charge <= limit_ - used_);
}

AttemptMemory::Share AttemptMemory::try_take(std::size_t octets) {
    const std::scoped_lock lock(mutex_);
    const auto charge = charge_of(octets);
    if (!waiting_.empty() || !has_room_for(charge)) {
        return {};
    }
    used_ += charge;
    return {*this, charge};
}

net::Task<AttemptMemory::Share> AttemptMemory::take(std::size_t octets) {
    if (auto share = try_take(octets)) {
        co_return share;
    }
    std::size_t charge = 0;
    const auto has_room = std::make_shared<net::Event>();
    {
        const std::scoped_lock lock(mutex_);
        charge = charge_of(octets);
        waiting_.push_back({.octets = charge, .has_room = has_room});
    }
    // Between the look and the queue the last share may have been given back.
    give(0);
    while (!co_await has_room->wait_until(net::no_deadline)) {
    }
    co_return Share{*this, charge};
}

// The room of those who wait first is taken for them: nobody overtakes.
void AttemptMemory::give(std::size_t octets) {
    const std::scoped_lock lock(mutex_);
    used_ -= octets;
    while (!waiting_.empty() && has_room_for(waiting_.front().octets)) {
        used_ += waiting_.front().octets;
        waiting_.front().has_room->notify();
        waiting_.pop_front();
    }
}

void AttemptMemory::set_limit(std::size_t limit) {
    {
        const std::scoped_lock lock(mutex_);
        limit_ = limit;
    }
    give(0);
}

std::size_t AttemptMemory::used() const {
    const std::scoped_lock lock(mutex_);
    return used_;
}

}  // namespace bulla::gateway

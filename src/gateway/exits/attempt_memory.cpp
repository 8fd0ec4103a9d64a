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

AttemptMemory::Share AttemptMemory::try_take(std::size_t octets) {
    const auto charge = charge_of(octets);
    const std::scoped_lock lock(mutex_);
    if (!waiting_.empty() || charge > limit_ - used_) {
        return {};
    }
    used_ += charge;
    return {*this, charge};
}

net::Task<AttemptMemory::Share> AttemptMemory::take(std::size_t octets) {
    if (auto share = try_take(octets)) {
        co_return share;
    }
    const auto charge = charge_of(octets);
    const auto has_room = std::make_shared<net::Event>();
    {
        const std::scoped_lock lock(mutex_);
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
    while (!waiting_.empty() && waiting_.front().octets <= limit_ - used_) {
        used_ += waiting_.front().octets;
        waiting_.front().has_room->notify();
        waiting_.pop_front();
    }
}

std::size_t AttemptMemory::used() const {
    const std::scoped_lock lock(mutex_);
    return used_;
}

}  // namespace bulla::gateway

#include "seal/sync_pair.h"

namespace bulla::seal {

SyncPair::SyncPair() : thread_([this] { work(); }) {}

SyncPair::~SyncPair() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

Result<void> SyncPair::sync(Pack& pack) {
    {
        const std::scoped_lock lock(mutex_);
        wanted_ = &pack;
    }
    changed_.notify_all();
    auto mine = pack.sync_pack();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return wanted_ == nullptr; });
    BULLA_CHECK(std::move(mine));
    return std::move(outcome_);
}

void SyncPair::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stopping_ || wanted_ != nullptr; });
        if (wanted_ == nullptr) {
            return;
        }
        auto* pack = wanted_;
        lock.unlock();
        auto outcome = pack->sync_keys();
        lock.lock();
        outcome_ = std::move(outcome);
        wanted_ = nullptr;
        changed_.notify_all();
    }
}

}  // namespace bulla::seal

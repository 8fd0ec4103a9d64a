#pragma once
#include "base/error.h"
#include "seal/packs.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace bulla::seal {

/// Syncs both files of a pack at the same time: the key file on a thread of its own. The device merges the two flushes.
class SyncPair {
  public:
    SyncPair();
    ~SyncPair();
    SyncPair(const SyncPair&) = delete;
    SyncPair& operator=(const SyncPair&) = delete;
    /// Both syncs, whatever comes of the first. Error: that of the one that failed.
    [[nodiscard]] Result<void> sync(Pack& pack);

  private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    Pack* wanted_ = nullptr;
    bool stopping_ = false;
    Result<void> outcome_;
    std::thread thread_;
};

}  // namespace bulla::seal

#pragma once
#include "gateway/metrics.h"
#include "smtp/data_reader.h"

#include <atomic>
#include <cstddef>
#include <utility>

namespace bulla::gateway {

/// The memory that all messages in flight share. Any thread.
class MemoryBudget final : public smtp::MemoryGate {
  public:
    MemoryBudget(std::size_t limit, Metrics& metrics) : limit_(limit), metrics_(metrics) {}

    [[nodiscard]] bool take(std::size_t bytes) override;
    void give(std::size_t bytes) override;

    [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }

    /// A new limit, for what is taken from now on.
    void set_limit(std::size_t limit) { limit_.store(limit, std::memory_order_relaxed); }

  private:
    std::atomic<std::size_t> limit_;
    std::atomic<std::size_t> used_ = 0;
    Metrics& metrics_;
};

/// Gives memory back when it goes.
class MemoryLease {
  public:
    MemoryLease(smtp::MemoryGate& gate, std::size_t bytes) : gate_(gate), bytes_(bytes) {}

    MemoryLease(const MemoryLease&) = delete;
    MemoryLease& operator=(const MemoryLease&) = delete;

    ~MemoryLease() {
        if (bytes_ > 0) {
            gate_.give(bytes_);
        }
    }

  private:
    smtp::MemoryGate& gate_;
    std::size_t bytes_;
};

}  // namespace bulla::gateway

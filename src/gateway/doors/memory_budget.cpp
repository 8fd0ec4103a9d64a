#include "gateway/doors/memory_budget.h"

namespace bulla::gateway {

bool MemoryBudget::take(std::size_t bytes) {
    const std::size_t limit = limit_.load(std::memory_order_relaxed);
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
        if (bytes > limit || used > limit - bytes) {
            metrics_.add(Metric::smtp_memory_refusals);
            return false;
        }
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    metrics_.add(Metric::smtp_memory_octets, bytes);
    return true;
}

void MemoryBudget::give(std::size_t bytes) {
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    metrics_.subtract(Metric::smtp_memory_octets, bytes);
}

}  // namespace bulla::gateway

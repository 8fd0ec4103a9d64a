#include "queue/retry.h"

#include <algorithm>
#include <cstring>

namespace bulla::queue {

namespace {

constexpr unsigned most_doublings = 30;

/// A number from -1/4 to +1/4 of `whole`.
std::int64_t jitter(std::int64_t whole, Random& random) {
    const auto bytes = random.bytes(sizeof(std::uint32_t));
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    const auto range = whole / 2;
    return static_cast<std::int64_t>(static_cast<double>(number) / 4294967296.0 *
                                     static_cast<double>(range)) -
           range / 2;
}

}  // namespace

std::chrono::microseconds decide_wait(const RetryPolicy& policy,
                                      unsigned attempts,
                                      Random& random) {
    const auto doublings = std::min(std::max(attempts, 1U) - 1, most_doublings);
    const auto first = std::chrono::microseconds(policy.first).count();
    const auto longest = std::chrono::microseconds(policy.longest).count();
    const auto grown = first > (longest >> doublings) ? longest : first << doublings;
    return std::chrono::microseconds(grown + jitter(grown, random));
}

bool is_expired(Time expires, Time next_attempt) {
    return next_attempt >= expires;
}

bool is_delay_due(const RetryPolicy& policy, Time created, Time now, bool warned) {
    return !warned && policy.warn.count() > 0 && now - created >= policy.warn;
}

}  // namespace bulla::queue

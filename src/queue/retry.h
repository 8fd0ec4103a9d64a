#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "queue/types.h"

#include <chrono>
#include <cstdint>

namespace bulla::queue {

/// How long to wait after the attempt number `attempts` (from 1) failed for now: `first` doubled each time, at most `longest`, and up to a
/// quarter more or less by chance, so that what failed together does not come back together (RFC 5321 4.5.4.1).
[[nodiscard]] std::chrono::microseconds decide_wait(const RetryPolicy& policy,
                                                    unsigned attempts,
                                                    Random& random);

/// True if a delivery made at `created` that was just deferred is to be given up: its time is over, or would be at the next attempt.
[[nodiscard]] bool is_expired(Time expires, Time next_attempt);

/// True if the sender is to be told of the delay now.
[[nodiscard]] bool is_delay_due(const RetryPolicy& policy, Time created, Time now, bool warned);

}  // namespace bulla::queue

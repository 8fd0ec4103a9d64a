#pragma once
#include <chrono>
#include <cstdint>

namespace bulla {

/// A moment in UTC, to the microsecond.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

/// Where time comes from; an argument everywhere, so that tests set it. Implementations may be called from any thread.
class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;
    /// The present moment in UTC; may jump when the administrator sets the clock.
    [[nodiscard]] virtual Time now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
  public:
    [[nodiscard]] Time now() const override {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
};

/// A clock that stands still until it is told otherwise. Not thread-safe while being set.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Time start) : now_(start) {}

    [[nodiscard]] Time now() const override { return now_; }

    void set(Time now) { now_ = now; }

    void advance(std::chrono::microseconds by) { now_ += by; }

  private:
    Time now_;
};

/// Whole seconds since 1970-01-01T00:00:00Z.
constexpr std::int64_t to_unix(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

/// Microseconds since 1970-01-01T00:00:00Z: how times are stored.
constexpr std::int64_t to_micros(Time time) {
    return time.time_since_epoch().count();
}

constexpr Time from_unix(std::int64_t seconds) {
    return Time{std::chrono::seconds{seconds}};
}

constexpr Time from_micros(std::int64_t micros) {
    return Time{std::chrono::microseconds{micros}};
}

}  // namespace bulla

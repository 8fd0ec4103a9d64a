#pragma once
#include "base/clock.h"
#include "names/ip.h"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bulla::gateway {

/// Slows guessing of passwords: after three failures each further try from an address, or for a login, gets a turn of its own, and the turns
/// lie further apart with each failure. No more than three tries of an address, or for a login, are looked at together, so that a burst of
/// them meets the failures of its first. Who has logged in from an address before is not held up there by the guesses of others. Any thread.
class AuthThrottle {
  public:
    /// The longest wait for a turn; beyond it a try is refused unseen.
    static constexpr std::chrono::seconds longest_wait{8};

    /// A try that is looked at; it makes room for the next when it goes. Must not outlive the throttle.
    class Place {
      public:
        Place() = default;

        Place(AuthThrottle& throttle, std::vector<std::string> keys)
            : throttle_(&throttle), keys_(std::move(keys)) {}

        Place(Place&& other) noexcept
            : throttle_(std::exchange(other.throttle_, nullptr)), keys_(std::move(other.keys_)) {}

        Place& operator=(Place&& other) noexcept {
            std::swap(throttle_, other.throttle_);
            std::swap(keys_, other.keys_);
            return *this;
        }

        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

        ~Place() {
            if (throttle_ != nullptr) {
                throttle_->leave(keys_);
            }
        }

      private:
        AuthThrottle* throttle_ = nullptr;
        std::vector<std::string> keys_;
    };

    struct Turn {
        enum class Kind {
            go,  ///< Look at the password after `wait`, and hold `place` until failed() or succeeded().
            busy,  ///< Others are being looked at: ask again in a moment, for no longer than longest_wait.
            refused  ///< The turn would come too late: 454 4.7.0.
        };
        Kind kind = Kind::refused;
        std::chrono::microseconds wait{0};
        Place place;
    };

    explicit AuthThrottle(const Clock& clock) : clock_(clock) {}

    [[nodiscard]] Turn take_turn(const Ip& client, std::string_view login);
    void failed(const Ip& client, std::string_view login);
    void succeeded(const Ip& client, std::string_view login);

  private:
    struct Entry {
        unsigned failures = 0;
        unsigned in_flight = 0;
        Time next_turn{};
        Time last{};
    };

    [[nodiscard]] std::optional<std::chrono::microseconds> wait_of(const std::string& key,
                                                                   Time now) const;
    [[nodiscard]] bool is_busy(const std::string& key) const;
    void reserve(const std::string& key, Time turn);
    void leave(const std::vector<std::string>& keys);
    void note_failure(const std::string& key, Time now);
    void make_room(Time now);

    const Clock& clock_;
    std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
    std::unordered_map<std::string, Time> known_;  // address and login that were right together
};

}  // namespace bulla::gateway

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

namespace bulla::gateway {

/// Slows guessing of passwords: after three failures each further try from an address, or for a login, gets a turn of its own, and the turns
/// lie further apart with each failure. Who has logged in from an address before is not held up there by the guesses of others. Any thread.
class AuthThrottle {
  public:
    /// The longest wait for a turn; beyond it a try is refused unseen.
    static constexpr std::chrono::seconds longest_wait{8};

    explicit AuthThrottle(const Clock& clock) : clock_(clock) {}

    /// How long this try has to wait before the password is looked at; nullopt: too long, refuse it (454 4.7.0).
    [[nodiscard]] std::optional<std::chrono::microseconds> take_turn(const Ip& client,
                                                                     std::string_view login);
    void failed(const Ip& client, std::string_view login);
    void succeeded(const Ip& client, std::string_view login);

  private:
    struct Entry {
        unsigned failures = 0;
        Time next_turn{};
        Time last{};
    };

    [[nodiscard]] std::optional<std::chrono::microseconds> wait_of(const std::string& key,
                                                                   Time now) const;
    void reserve(const std::string& key, Time turn);
    void note_failure(const std::string& key, Time now);
    void make_room(Time now);

    const Clock& clock_;
    std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
    std::unordered_map<std::string, Time> known_;  // address and login that were right together
};

}  // namespace bulla::gateway

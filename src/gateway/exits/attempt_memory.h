#pragma once
#include "net/runtime.h"
#include "net/task.h"

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

namespace bulla::gateway {

/// The memory that the messages of all attempts under way share. A message greater than half of it counts as that half, so that each has its
/// turn. Any thread.
class AttemptMemory {
  public:
    explicit AttemptMemory(std::size_t limit) : limit_(limit) {}

    /// Room for a message; gives it back when it goes. `memory` outlives it.
    class Share {
      public:
        Share() = default;

        Share(AttemptMemory& memory, std::size_t octets) : memory_(&memory), octets_(octets) {}

        Share(Share&& other) noexcept
            : memory_(std::exchange(other.memory_, nullptr)), octets_(other.octets_) {}

        Share& operator=(Share&& other) noexcept {
            std::swap(memory_, other.memory_);
            std::swap(octets_, other.octets_);
            return *this;
        }

        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;
        ~Share();

        /// False if there was no room.
        explicit operator bool() const { return memory_ != nullptr; }

      private:
        AttemptMemory* memory_ = nullptr;
        std::size_t octets_ = 0;
    };

    /// Room for `octets` if there is some now and nobody waits for it.
    [[nodiscard]] Share try_take(std::size_t octets);
    /// Waits for it, in turn. On an io thread.
    [[nodiscard]] net::Task<Share> take(std::size_t octets);
    [[nodiscard]] std::size_t used() const;
    /// A new limit, for what is taken from now on.
    void set_limit(std::size_t limit);

  private:
    struct Waiter {
        std::size_t octets;
        std::shared_ptr<net::Event> has_room;
    };

    // The mutex is held.
    [[nodiscard]] std::size_t charge_of(std::size_t octets) const;
    [[nodiscard]] bool has_room_for(std::size_t charge) const;
    void give(std::size_t octets);

    mutable std::mutex mutex_;
    std::size_t limit_;
    std::size_t used_ = 0;
    std::deque<Waiter> waiting_;
};

}  // namespace bulla::gateway

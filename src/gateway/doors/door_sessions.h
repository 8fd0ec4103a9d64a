#pragma once
#include <cstddef>
#include <mutex>
#include <unordered_set>

namespace bulla::gateway {

/// The sessions of one door, so that it can tell them to stop. Any thread.
template <class Connection>
class DoorSessions {
  public:
    /// False if the door is stopping.
    [[nodiscard]] bool enter(Connection& connection) {
        const std::lock_guard lock(mutex_);
        connections_.insert(&connection);
        return !stopping_;
    }

    void leave(Connection& connection) {
        const std::lock_guard lock(mutex_);
        connections_.erase(&connection);
    }

    void stop() {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (Connection* connection : connections_) {
            connection->notify_stop();
        }
    }

    [[nodiscard]] bool is_stopping() const {
        const std::lock_guard lock(mutex_);
        return stopping_;
    }

    [[nodiscard]] std::size_t count() const {
        const std::lock_guard lock(mutex_);
        return connections_.size();
    }

  private:
    mutable std::mutex mutex_;
    bool stopping_ = false;
    std::unordered_set<Connection*> connections_;
};

}  // namespace bulla::gateway

#pragma once
#include "base/error.h"

#include <chrono>
#include <string>
#include <utility>

namespace bulla::services {

/// The right to write an instance: an exclusive lock on state/lock, held as long as the object lives. The kernel releases it when the
/// process ends, however it ends.
class InstanceLock {
  public:
    /// Waits at most `patience`. Errors: instance.locked (with the owner's pid, if known), instance.no_state.
    [[nodiscard]] static Result<InstanceLock> take(const std::string& state_path,
                                                   std::chrono::milliseconds patience = {});
    ~InstanceLock();

    InstanceLock(InstanceLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    InstanceLock& operator=(InstanceLock&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    InstanceLock(const InstanceLock&) = delete;
    InstanceLock& operator=(const InstanceLock&) = delete;

  private:
    explicit InstanceLock(int fd) : fd_(fd) {}

    int fd_;
};

}  // namespace bulla::services

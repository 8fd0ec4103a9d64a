#pragma once
#include "names/ip.h"

#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

namespace bulla::gateway {

/// How many connections there are, in all and from each client. Any thread. An IPv6 client is its /64: that is what one host has.
class ConnectionLimits {
  public:
    enum class Refusal { none, total, client };

    /// Counts a connection from `client` unless a limit is reached; leave() undoes it.
    [[nodiscard]] Refusal enter(const Ip& client, std::size_t limit, std::size_t client_limit);
    void leave(const Ip& client);
    [[nodiscard]] std::size_t total() const;

  private:
    mutable std::mutex mutex_;
    std::size_t total_ = 0;
    std::map<Ip, std::size_t> clients_;
};

/// A counted connection; uncounts it when it goes.
class ConnectionPlace {
  public:
    ConnectionPlace() = default;

    ConnectionPlace(ConnectionLimits& limits, const Ip& client)
        : limits_(&limits), client_(client) {}

    ConnectionPlace(ConnectionPlace&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)), client_(other.client_) {}

    ConnectionPlace& operator=(ConnectionPlace&& other) noexcept {
        std::swap(limits_, other.limits_);
        std::swap(client_, other.client_);
        return *this;
    }

    ConnectionPlace(const ConnectionPlace&) = delete;
    ConnectionPlace& operator=(const ConnectionPlace&) = delete;

    ~ConnectionPlace() {
        if (limits_ != nullptr) {
            limits_->leave(client_);
        }
    }

  private:
    ConnectionLimits* limits_ = nullptr;
    Ip client_;
};

}  // namespace bulla::gateway

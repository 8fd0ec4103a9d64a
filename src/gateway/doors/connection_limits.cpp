#include "gateway/doors/connection_limits.h"

#include <algorithm>
#include <array>

namespace bulla::gateway {

namespace {

Ip host_of(const Ip& client) {
    if (client.is_v4()) {
        return client;
    }
    std::array<std::uint8_t, 16> bytes = client.bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return Ip(bytes);
}

}  // namespace

ConnectionLimits::Refusal ConnectionLimits::enter(const Ip& client,
                                                  std::size_t limit,
                                                  std::size_t client_limit) {
    const std::lock_guard lock(mutex_);
    if (total_ >= limit) {
        return Refusal::total;
    }
    std::size_t& of_client = clients_[host_of(client)];
    if (of_client >= client_limit) {
        return Refusal::client;
    }
    ++of_client;
    ++total_;
    return Refusal::none;
}

void ConnectionLimits::leave(const Ip& client) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(host_of(client));
    if (--found->second == 0) {
        clients_.erase(found);
    }
    --total_;
}

std::size_t ConnectionLimits::total() const {
    const std::lock_guard lock(mutex_);
    return total_;
}

}  // namespace bulla::gateway

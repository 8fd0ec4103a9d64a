#pragma once
#include "base/error.h"
#include "net/endpoint.h"

#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace bulla::net {

/// A file descriptor that is closed when it goes.
class UniqueFd {
  public:
    UniqueFd() = default;

    explicit UniqueFd(int fd) : fd_(fd) {}

    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    UniqueFd& operator=(UniqueFd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;

    ~UniqueFd() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    [[nodiscard]] int get() const { return fd_; }

    [[nodiscard]] int release() { return std::exchange(fd_, -1); }

    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

/// An Endpoint as the kernel takes it.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    [[nodiscard]] sockaddr* get();

    [[nodiscard]] int family() const { return storage.ss_family; }
};

/// Error: net.bad_endpoint (the path of a unix socket is too long).
[[nodiscard]] Result<SocketAddress> make_socket_address(const Endpoint& endpoint);
[[nodiscard]] Endpoint make_endpoint(const SocketAddress& address);
/// A non-blocking stream socket that children do not inherit; TCP_NODELAY where it is TCP. Error: net.socket.
[[nodiscard]] Result<UniqueFd> make_socket(int family);
/// Replies must not wait for more to come (Nagle): each is one write.
void set_no_delay(int fd);

}  // namespace bulla::net

#include "dnsupdate/tcp.h"

#include "base/encoding.h"
#include "base/system_text.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulla::dnsupdate {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t longest_message = 65535;

/// One connection to the server, which ends with it.
class Connection {
  public:
    Connection(const ServerAddress& server, SteadyTime until) : server_(server), until_(until) {}

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    ~Connection() {
        if (socket_ >= 0) {
            ::close(socket_);
        }
    }

    Result<void> open() {
        sockaddr_storage address{};
        const socklen_t size = fill(address);
        socket_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (socket_ < 0) {
            return failed(errno);
        }
        const void* const place = &address;
        if (::connect(socket_, static_cast<const sockaddr*>(place), size) == 0) {
            return {};
        }
        if (errno != EINPROGRESS) {
            return failed(errno);
        }
        BULLA_CHECK(wait(POLLOUT));
        int error = 0;
        socklen_t error_size = sizeof error;
        if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &error_size) != 0) {
            error = errno;
        }
        return error == 0 ? Result<void>() : failed(error);
    }

    Result<void> send(std::string_view octets) {
        while (!octets.empty()) {
            const auto sent = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
            if (sent > 0) {
                octets.remove_prefix(static_cast<std::size_t>(sent));
            } else if (sent == 0 || !may_wait(errno)) {
                return failed(errno);
            } else {
                BULLA_CHECK(wait(POLLOUT));
            }
        }
        return {};
    }

    Result<std::string> receive(std::size_t count) {
        std::string out(count, '\0');
        std::size_t have = 0;
        while (have < count) {
            const auto got = ::recv(socket_, out.data() + have, count - have, 0);
            if (got > 0) {
                have += static_cast<std::size_t>(got);
            } else if (got == 0) {
                return failed("it closes the connection");
            } else if (!may_wait(errno)) {
                return failed(errno);
            } else {
                BULLA_CHECK(wait(POLLIN));
            }
        }
        return out;
    }

  private:
    static bool may_wait(int error) {
        return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
    }

    socklen_t fill(sockaddr_storage& storage) const {
        const auto& bytes = server_.ip.bytes();
        if (server_.ip.is_v4()) {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(server_.port);
            std::memcpy(&address.sin_addr, bytes.data() + 12, 4);
            std::memcpy(&storage, &address, sizeof address);
            return sizeof address;
        }
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(server_.port);
        std::memcpy(&address.sin6_addr, bytes.data(), bytes.size());
        std::memcpy(&storage, &address, sizeof address);
        return sizeof address;
    }

    Result<void> wait(std::int16_t events) const {
        while (true) {
            const auto rest = std::chrono::ceil<std::chrono::milliseconds>(
                until_ - std::chrono::steady_clock::now());
            if (rest.count() <= 0) {
                return failed("no answer in time");
            }
            pollfd one{.fd = socket_, .events = events, .revents = 0};
            const int ready = ::poll(&one, 1, static_cast<int>(rest.count()));
            if (ready > 0) {
                return {};
            }
            if (ready < 0 && errno != EINTR) {
                return failed(errno);
            }
        }
    }

    [[nodiscard]] std::unexpected<Error> failed(const std::string& why) const {
        return fail("dnsupdate.unreachable",
                    Fault::temporary,
                    fmt::format("the name server {} cannot be reached: {}", server_.text(), why));
    }

    [[nodiscard]] std::unexpected<Error> failed(int error) const {
        return failed(system_text(error));
    }

    ServerAddress server_;
    SteadyTime until_;
    int socket_ = -1;
};

}  // namespace

Exchange make_tcp_exchange(const ServerAddress& server, std::chrono::milliseconds timeout) {
    return [server, until = std::chrono::steady_clock::now() + timeout](
               std::string_view request) -> Result<std::string> {
        if (request.size() > longest_message) {
            return fail("dnsupdate.not_built", Fault::us, "the update is too long");
        }
        Connection connection(server, until);
        BULLA_CHECK(connection.open());
        // RFC 7766 8: length and message in one write.
        std::string framed;
        put_u16(framed, static_cast<std::uint16_t>(request.size()));
        framed += request;
        BULLA_CHECK(connection.send(framed));
        BULLA_TRY(size, connection.receive(2));
        return connection.receive(get_u16(size));
    };
}

}  // namespace bulla::dnsupdate

#include "dnsupdate/tcp.h"

#include "base/encoding.h"
#include "dnsupdate/test_support.h"

#include <gtest/gtest.h>

#include <functional>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace bulla::dnsupdate {
namespace {

using std::chrono::milliseconds;

/// A listener on loopback that serves one connection with `serve`.
class Listener {
  public:
    explicit Listener(std::function<void(int)> serve)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        void* const place = &address;
        EXPECT_EQ(::bind(socket_, static_cast<sockaddr*>(place), size), 0);
        EXPECT_EQ(::listen(socket_, 4), 0);
        EXPECT_EQ(::getsockname(socket_, static_cast<sockaddr*>(place), &size), 0);
        server.ip = Ip::parse("127.0.0.1").value();
        server.port = ntohs(address.sin_port);
        thread_ = std::jthread([this, serve = std::move(serve)] {
            const int one = ::accept(socket_, nullptr, nullptr);
            if (one >= 0) {
                serve(one);
                ::close(one);
            }
        });
    }

    ~Listener() {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        ::close(socket_);
    }

    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    ServerAddress server;

  private:
    int socket_;
    std::jthread thread_;
};

std::string receive(int socket) {
    std::string out(65535, '\0');
    const auto size = ::recv(socket, out.data(), out.size(), 0);
    out.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return out;
}

void send(int socket, std::string_view text) {
    EXPECT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
}

TEST(Tcp, RFC7766_8_a_message_goes_and_comes_with_its_length) {
    const Listener listener([](int socket) {
        EXPECT_EQ(receive(socket), std::string("\0\3ask", 5));
        for (const char c : std::string("\0\6answerx", 9)) {
            send(socket, {&c, 1});
        }
    });
    const auto answer = make_tcp_exchange(listener.server, milliseconds(5000))("ask");
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(*answer, "answer");
}

TEST(Tcp, RFC7766_a_server_that_ends_early_or_says_nothing_is_unreachable) {
    const auto code = [](const ServerAddress& server, milliseconds timeout) {
        const auto answer = make_tcp_exchange(server, timeout)("ask");
        return answer ? "" : std::string(answer.error().code);
    };
    ServerAddress gone;
    {
        const Listener cut([](int socket) {
            receive(socket);
            send(socket, std::string_view("\0\6ans", 5));
        });
        EXPECT_EQ(code(cut.server, milliseconds(5000)), "dnsupdate.unreachable");
        gone = cut.server;
    }
    EXPECT_EQ(code(gone, milliseconds(5000)), "dnsupdate.unreachable");
    const Listener silent([](int socket) {
        receive(socket);
        receive(socket);  // until the other side has had enough
    });
    const auto exchange = make_tcp_exchange(silent.server, milliseconds(50));
    EXPECT_EQ(exchange("ask").error().code, "dnsupdate.unreachable");
    // The time is that of all messages together.
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(exchange("ask").error().code, "dnsupdate.unreachable");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds(45));
}

}  // namespace
}  // namespace bulla::dnsupdate

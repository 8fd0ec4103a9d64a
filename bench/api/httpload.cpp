// folders: base
// Asks a server for one address over and over, by several connections that are kept. One line of JSON: requests a second and the times of
// answers in milliseconds.
//
//   bench_httpload PORT CONNECTIONS REQUESTS PATH COOKIE
#include "../program.h"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

int connect_to(std::uint16_t port) {
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    (void)::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        give_up("cannot connect");
    }
    return made;
}

/// One request and its answer, which must be 200.
void ask(int connection, std::string_view request, std::string& buffer) {
    if (::send(connection, request.data(), request.size(), 0) !=
        static_cast<ssize_t>(request.size())) {
        give_up("cannot send");
    }
    buffer.clear();
    std::size_t wanted = std::string::npos;
    while (buffer.size() < wanted) {
        char piece[65536];
        const ssize_t size = ::recv(connection, piece, sizeof piece, 0);
        if (size <= 0) {
            give_up("the server closed the connection");
        }
        buffer.append(piece, static_cast<std::size_t>(size));
        const std::size_t end = buffer.find("\r\n\r\n");
        if (wanted == std::string::npos && end != std::string::npos) {
            constexpr std::string_view name = "Content-Length: ";
            const std::size_t at = buffer.find(name);
            if (!buffer.starts_with("HTTP/1.1 200") || at > end) {
                give_up(buffer.substr(0, end));
            }
            const std::size_t begin = at + name.size();
            const std::string_view digits =
                std::string_view(buffer).substr(begin, buffer.find('\r', begin) - begin);
            wanted = end + 4 + parse_number<std::size_t>(digits);
        }
    }
}

double at_part(const std::vector<double>& sorted, double part) {
    return sorted[std::min(sorted.size() - 1,
                           static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) {
        give_up("PORT CONNECTIONS REQUESTS PATH COOKIE");
    }
    const auto port = parse_number<std::uint16_t>(argv[1]);
    const auto connections = parse_number<unsigned>(argv[2]);
    const auto requests = parse_number<std::int64_t>(argv[3]);
    const std::string request = std::string("GET ") + argv[4] +
                                " HTTP/1.1\r\nHost: localhost\r\nCookie: " + argv[5] + "\r\n\r\n";
    std::atomic<std::int64_t> left = requests;
    std::mutex mutex;
    std::vector<double> times;
    const auto begin = Clock::now();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < connections; ++i) {
        threads.emplace_back([&] {
            const int connection = connect_to(port);
            std::string buffer;
            std::vector<double> own;
            while (left.fetch_sub(1) > 0) {
                const auto start = Clock::now();
                ask(connection, request, buffer);
                own.push_back(
                    std::chrono::duration<double, std::milli>(Clock::now() - start).count());
            }
            (void)::close(connection);
            const std::scoped_lock lock(mutex);
            times.insert(times.end(), own.begin(), own.end());
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    std::ranges::sort(times);
    (void)std::printf("{\"rate\": %.1f, \"p50\": %.3f, \"p95\": %.3f, \"p99\": %.3f}\n",
                      static_cast<double>(times.size()) / seconds,
                      at_part(times, 0.5),
                      at_part(times, 0.95),
                      at_part(times, 0.99));
    return 0;
}

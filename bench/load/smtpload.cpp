// A source and a sink of mail in one thread: sends messages to a relay on loopback, receives what the relay passes on, and tells the rates
// and the times from MAIL to the 250 and from MAIL to the end of the data at the sink. One line of JSON is the result.
//
//   bench_smtpload --target PORT --sink PORT --file MESSAGE --messages N [--sessions 30] [--per-session 10] [--timeout SECONDS]
//                  [--big-file MESSAGE --big-sessions 4]     keeps sending big messages until the small ones have all arrived; the sink
//                                                            stays until the big ones begun have arrived too, as a relay whose next hop
//                                                            vanishes would leave that hop alone for a minute
#include "../program.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view end_of_data = "\r\n.\r\n";
constexpr std::string_view mark = "X-Load-Id: ";

double now() {
    static const auto start = Clock::now();
    return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Options {
    int target = 0;
    int sink = 0;
    std::int64_t messages = 1000;
    std::int64_t sessions = 30;
    std::int64_t per_session = 10;
    double timeout = 120;
    std::string file;
    std::string big_file;
    std::int64_t big_sessions = 0;
};

struct Times {
    double sent = 0;
    double acknowledged = 0;
    double arrived = 0;
};

enum class Step { greeting, hello, ready, mail, recipient, data, sending, quitting, finished };

/// One connection: a session that sends, one that receives, or the listener.
struct Connection {
    enum class Kind { listener, source, sink };
    int fd = -1;
    Kind kind = Kind::source;
    bool big = false;
    // out, then the rest of body: a big body is never copied.
    std::string out;
    std::size_t out_at = 0;
    std::string_view body;
    std::string in;
    Step step = Step::greeting;
    std::int64_t sent = 0;
    std::int64_t message = -1;
    bool in_data = false;
    bool is_signed = false;
    bool seen_mark = false;
};

class Load {
  public:
    explicit Load(Options options)
        : options_(std::move(options)), times_(static_cast<std::size_t>(options_.messages)) {
        small_ = read_body(options_.file);
        if (!options_.big_file.empty()) {
            big_ = read_body(options_.big_file);
        }
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        listen();
    }

    int run() {
        const double start = now();
        while (!is_over() && now() - start < options_.timeout) {
            open_sessions();
            std::array<epoll_event, 256> events{};
            const int count =
                ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 200);
            for (int i = 0; i < count; ++i) {
                serve(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr),
                      events[static_cast<std::size_t>(i)].events);
            }
        }
        print(start);
        return is_over() ? 0 : 3;
    }

  private:
    static std::string read_body(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        std::string text{std::istreambuf_iterator<char>(in), {}};
        if (text.empty()) {
            give_up("cannot read " + path);
        }
        return text + ".\r\n";
    }

    Connection& add(int fd, Connection::Kind kind) {
        const int one = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        auto connection = std::make_unique<Connection>();
        connection->fd = fd;
        connection->kind = kind;
        epoll_event event{.events = EPOLLIN, .data = {.ptr = connection.get()}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
        return *(connections_[fd] = std::move(connection));
    }

    void listen() {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int one = 1;
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        const sockaddr_in address = loopback(options_.sink);
        if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(fd, 1024) != 0) {
            give_up("cannot listen on " + std::to_string(options_.sink));
        }
        add(fd, Connection::Kind::listener);
    }

    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    bool is_over() const {
        return arrived_ >= options_.messages && big_open_ == 0 && big_arrived_ >= big_acknowledged_;
    }

    void open_sessions() {
        while (small_open_ < options_.sessions && started_ < options_.messages) {
            connect(false);
        }
        while (big_open_ < options_.big_sessions && arrived_ < options_.messages) {
            connect(true);
        }
    }

    void connect(bool big) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(options_.target);
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            give_up("cannot connect to " + std::to_string(options_.target));
        }
        add(fd, Connection::Kind::source).big = big;
        ++(big ? big_open_ : small_open_);
    }

    void close(Connection& connection) {
        if (connection.kind == Connection::Kind::source) {
            --(connection.big ? big_open_ : small_open_);
        }
        ::close(connection.fd);
        connections_.erase(connection.fd);
    }

    void serve(Connection& connection, std::uint32_t events) {
        if (connection.kind == Connection::Kind::listener) {
            for (int fd = 0;
                 (fd = ::accept4(connection.fd, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
                Connection& sink = add(fd, Connection::Kind::sink);
                sink.out = "220 sink ESMTP\r\n";
                flush(sink);
            }
            return;
        }
        bool ended = false;
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
            ended = !receive(connection);
        }
        if (!ended) {
            flush(connection);
            ended = connection.step == Step::finished && connection.out.empty();
        }
        if (ended) {
            close(connection);
        }
    }

    bool receive(Connection& connection) {
        const ssize_t size = ::read(connection.fd, buffer_.data(), buffer_.size());
        if (size <= 0) {
            return size < 0 && errno == EAGAIN;
        }
        connection.in.append(buffer_.data(), static_cast<std::size_t>(size));
        while (connection.in_data ? take_data(connection) : take_line(connection)) {
        }
        return true;
    }

    bool take_line(Connection& connection) {
        const std::size_t end = connection.in.find('\n');
        if (end == std::string::npos) {
            return false;
        }
        const std::string line = connection.in.substr(0, end);
        connection.in.erase(0, end + 1);
        if (connection.kind == Connection::Kind::sink) {
            answer(connection, line);
        } else if (line.size() < 4 || line[3] != '-') {
            go_on(connection, line);
        }
        return true;
    }

    /// The sink's half.
    static void answer(Connection& connection, std::string_view line) {
        const std::string_view verb = line.substr(0, 4);
        if (verb == "EHLO") {
            connection.out +=
                "250-sink\r\n250-PIPELINING\r\n250-SIZE 100000000\r\n250-SMTPUTF8\r\n250 "
                "8BITMIME\r\n";
        } else if (verb == "DATA") {
            connection.out += "354 go on\r\n";
            connection.in_data = true;
            connection.message = -1;
            connection.is_signed = connection.seen_mark = false;
        } else if (verb == "QUIT") {
            connection.out += "221 bye\r\n";
            connection.step = Step::finished;
        } else {
            connection.out += "250 ok\r\n";
        }
    }

    bool take_data(Connection& connection) {
        std::string& in = connection.in;
        if (!connection.is_signed && !connection.seen_mark) {
            connection.is_signed = in.find("DKIM-Signature:") != std::string::npos;
        }
        if (!connection.seen_mark) {
            const std::size_t at = in.find(mark);
            if (at != std::string::npos && in.find('\n', at) != std::string::npos) {
                connection.seen_mark = true;
                const char* begin = in.data() + at + mark.size();
                std::from_chars(begin, in.data() + in.size(), connection.message);
            }
        }
        const std::size_t end = in.find(end_of_data);
        if (end == std::string::npos) {
            // Only what may be the beginning of the end is kept, once the mark was found.
            if (connection.seen_mark && in.size() > end_of_data.size()) {
                in.erase(0, in.size() - end_of_data.size());
            }
            return false;
        }
        in.erase(0, end + end_of_data.size());
        connection.in_data = false;
        connection.out += "250 stored\r\n";
        note_arrival(connection);
        return true;
    }

    void note_arrival(const Connection& connection) {
        if (connection.message < 0 || connection.message >= options_.messages) {
            ++big_arrived_;
            return;
        }
        Times& times = times_[static_cast<std::size_t>(connection.message)];
        if (times.arrived == 0) {
            times.arrived = last_arrival_ = now();
            ++arrived_;
            signed_ += connection.is_signed ? 1 : 0;
        }
    }

    /// The source's half: the next command after a reply.
    void go_on(Connection& connection, std::string_view reply) {
        if (reply.empty() || reply[0] > '3') {
            if (++refused_ < 4) {
                (void)std::fprintf(
                    stderr, "smtpload: %.*s\n", static_cast<int>(reply.size()), reply.data());
            }
            connection.step = Step::quitting;
            connection.out += "QUIT\r\n";
            return;
        }
        switch (connection.step) {
            case Step::greeting:
                say(connection, Step::hello, "EHLO load.example.net\r\n");
                break;
            case Step::hello:
                begin_message(connection);
                break;
            case Step::mail:
                say(connection, Step::recipient, "RCPT TO:<bob@example.org>\r\n");
                break;
            case Step::recipient:
                say(connection, Step::data, "DATA\r\n");
                break;
            case Step::data:
                send_body(connection);
                break;
            case Step::sending:
                end_message(connection);
                break;
            default:
                connection.step = Step::finished;
                break;
        }
    }

    static void say(Connection& connection, Step next, std::string_view command) {
        connection.out += command;
        connection.step = next;
    }

    void begin_message(Connection& connection) {
        const bool done =
            connection.big ? arrived_ >= options_.messages : started_ >= options_.messages;
        if (done || connection.sent >= options_.per_session) {
            say(connection, Step::quitting, "QUIT\r\n");
            return;
        }
        connection.message = connection.big ? options_.messages + ++big_started_ : started_++;
        if (!connection.big) {
            times_[static_cast<std::size_t>(connection.message)].sent = now();
        }
        say(connection, Step::mail, "MAIL FROM:<alice@example.com>\r\n");
    }

    void send_body(Connection& connection) {
        const std::string id = std::to_string(connection.message);
        connection.out += std::string(mark) + id + "\r\nMessage-ID: <" + id + "." +
                          std::to_string(::getpid()) + "@load.example.net>\r\n";
        connection.body = connection.big ? big_ : small_;
        connection.step = Step::sending;
    }

    void end_message(Connection& connection) {
        if (!connection.big) {
            times_[static_cast<std::size_t>(connection.message)].acknowledged = last_acknowledged_ =
                now();
            ++acknowledged_;
        } else {
            ++big_acknowledged_;
        }
        ++connection.sent;
        begin_message(connection);
    }

    void flush(Connection& connection) {
        if (!write_out(connection)) {
            want_write(connection, true);
            return;
        }
        connection.out.clear();
        connection.out_at = 0;
        while (!connection.body.empty()) {
            const ssize_t size = ::write(connection.fd,
                                         connection.body.data(),
                                         std::min<std::size_t>(connection.body.size(), 262144));
            if (size <= 0) {
                want_write(connection, true);
                return;
            }
            connection.body.remove_prefix(static_cast<std::size_t>(size));
            if (connection.body.size() > 1U << 20U) {
                want_write(
                    connection,
                    true);  // The others have their turn between the pieces of a big message.
                return;
            }
        }
        want_write(connection, false);
    }

    static bool write_out(Connection& connection) {
        while (connection.out_at < connection.out.size()) {
            const ssize_t size = ::write(connection.fd,
                                         connection.out.data() + connection.out_at,
                                         connection.out.size() - connection.out_at);
            if (size <= 0) {
                return false;
            }
            connection.out_at += static_cast<std::size_t>(size);
        }
        return true;
    }

    void want_write(Connection& connection, bool wanted) const {
        epoll_event event{.events = EPOLLIN | (wanted ? std::uint32_t{EPOLLOUT} : 0U),
                          .data = {.ptr = &connection}};
        ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
    }

    void print(double start) const {
        std::vector<double> arrival;
        std::vector<double> acknowledgement;
        for (const Times& times : times_) {
            if (times.arrived > 0) {
                arrival.push_back((times.arrived - times.sent) * 1e3);
            }
            if (times.acknowledged > 0) {
                acknowledgement.push_back((times.acknowledged - times.sent) * 1e3);
            }
        }
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        const auto seconds = [](const timeval& t) {
            return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
        };
        (void)std::printf(
            "{\"messages\":%ld,\"arrived\":%ld,\"acknowledged\":%ld,\"signed\":%ld,\"refused\":%ld,"
            "\"seconds\":%.4f,\"rate\":%.1f,"
            "\"ack_rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"ack_p50_ms\":%.3f,\"ack_p99_ms\":%"
            ".3f,\"big_acknowledged\":%ld,"
            "\"big_arrived\":%ld,\"cpu\":%.3f}\n",
            options_.messages,
            arrived_,
            acknowledged_,
            signed_,
            refused_,
            last_arrival_ - start,
            static_cast<double>(arrived_) / (last_arrival_ - start),
            static_cast<double>(acknowledged_) / (last_acknowledged_ - start),
            quantile(arrival, 0.5),
            quantile(arrival, 0.99),
            quantile(acknowledgement, 0.5),
            quantile(acknowledgement, 0.99),
            big_acknowledged_,
            big_arrived_,
            seconds(usage.ru_utime) + seconds(usage.ru_stime));
    }

    static double quantile(std::vector<double>& values, double part) {
        if (values.empty()) {
            return 0;
        }
        std::ranges::sort(values);
        return values[std::min(
            values.size() - 1,
            static_cast<std::size_t>(static_cast<double>(values.size()) * part))];
    }

    Options options_;
    std::vector<Times> times_;
    std::string small_;
    std::string big_;
    int epoll_ = -1;
    std::map<int, std::unique_ptr<Connection>> connections_;
    std::vector<char> buffer_ = std::vector<char>(262144);
    std::int64_t small_open_ = 0;
    std::int64_t big_open_ = 0;
    std::int64_t started_ = 0;
    std::int64_t arrived_ = 0;
    std::int64_t acknowledged_ = 0;
    std::int64_t signed_ = 0;
    std::int64_t refused_ = 0;
    std::int64_t big_started_ = 0;
    std::int64_t big_acknowledged_ = 0;
    std::int64_t big_arrived_ = 0;
    double last_arrival_ = 0;
    double last_acknowledged_ = 0;
};

Options read_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const char* value = argv[i + 1];
        if (name == "--target") {
            options.target = parse_number<int>(value);
        } else if (name == "--sink") {
            options.sink = parse_number<int>(value);
        } else if (name == "--messages") {
            options.messages = parse_number<std::int64_t>(value);
        } else if (name == "--sessions") {
            options.sessions = parse_number<std::int64_t>(value);
        } else if (name == "--per-session") {
            options.per_session = parse_number<std::int64_t>(value);
        } else if (name == "--timeout") {
            options.timeout = parse_number<double>(value);
        } else if (name == "--file") {
            options.file = value;
        } else if (name == "--big-file") {
            options.big_file = value;
        } else if (name == "--big-sessions") {
            options.big_sessions = parse_number<std::int64_t>(value);
        } else {
            give_up("unknown option " + std::string(name));
        }
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    return Load(read_options(argc, argv)).run();
}

#include "net/resolver.h"

#include "net/client_name.h"
#include "net/runtime.h"
#include "net/socket.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <netinet/in.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace bulla::net {
namespace {

using std::chrono::milliseconds;

/// A UDP socket on a free port, which nobody answers on.
struct UdpPort {
    UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    Endpoint endpoint;

    UdpPort() {
        auto address = *make_socket_address(*Endpoint::parse("127.0.0.1:0"));
        EXPECT_EQ(::bind(fd.get(), address.get(), address.size), 0);
        EXPECT_EQ(::getsockname(fd.get(), address.get(), &address.size), 0);
        endpoint = make_endpoint(address);
    }
};

/// An authoritative server (Knot DNS) for the zone example.test.
class NameServer {
  public:
    NameServer() {
        directory_ = ::testing::TempDir() + "/bulla-knot-XXXXXX";
        directory_ = ::mkdtemp(directory_.data());
        {
            const UdpPort free;
            endpoint = free.endpoint;
        }
        std::ofstream(directory_ + "/example.test.zone")
            << "$ORIGIN example.test.\n$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS "
               "ns\nns A 127.0.0.1\n"
               "sel._domainkey TXT \"v=DKIM1; k=ed25519; \" \"p=abc\"\nmx A 192.0.2.7\nmx AAAA "
               "2001:db8::7\n";
        std::ofstream(directory_ + "/2.0.192.in-addr.arpa.zone")
            << "$ORIGIN 2.0.192.in-addr.arpa.\n$TTL 300\n@ SOA ns.example.test. hostmaster 1 3600 "
               "600 86400 60\n@ NS ns.example.test.\n7 PTR gone.example.test.\n7 PTR "
               "mx.example.test.\n";
        std::ofstream(directory_ + "/knot.conf") << fmt::format(
            "server:\n  rundir: \"{0}\"\n  listen: 127.0.0.1@{1}\ndatabase:\n  storage: "
            "\"{0}\"\ntemplate:\n  - id: default\n    storage: \"{0}\"\n"
            "zone:\n  - domain: example.test\n    file: example.test.zone\n"
            "  - domain: 2.0.192.in-addr.arpa\n    file: 2.0.192.in-addr.arpa.zone\n",
            directory_,
            endpoint.port);
        const std::string config = directory_ + "/knot.conf";
        const std::string log = directory_ + "/log";
        pid_ = ::fork();
        if (pid_ == 0) {
            const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
            ::dup2(file, STDOUT_FILENO);
            ::dup2(file, STDERR_FILENO);
            ::execlp("knotd", "knotd", "-c", config.c_str(), nullptr);
            ::_exit(127);
        }
    }

    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;

    ~NameServer() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    /// Asks until the server is up.
    dns::DnsAnswer ask(const dns::DnsQuestion& question) const {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (true) {
            // A new resolver each time: a failure is remembered for a while.
            const auto resolver =
                Resolver::open({.forwarder = endpoint, .timeout = milliseconds(1000)});
            EXPECT_TRUE(resolver);
            auto answer = (*resolver)->ask_blocking(question);
            if (!answer.is_temporary_failure() || std::chrono::steady_clock::now() > end) {
                return answer;
            }
            ::usleep(20000);
        }
    }

    Endpoint endpoint;

  private:
    std::string directory_;
    pid_t pid_ = -1;
};

TEST(Resolver, c2_7_reads_txt_a_and_aaaa_from_a_real_server) {
    const NameServer server;
    const auto txt = server.ask({dns::RecordType::txt, "sel._domainkey.example.test"});
    EXPECT_EQ(dns::texts(txt), std::vector<std::string>{"v=DKIM1; k=ed25519; p=abc"});
    EXPECT_EQ(txt.ttl, std::chrono::seconds(300));
    EXPECT_EQ(txt.security, dns::Security::insecure);

    const auto a = server.ask({dns::RecordType::a, "mx.example.test"});
    ASSERT_EQ(a.records.size(), 1);
    EXPECT_EQ(dns::parse_address(a.records[0])->text(), "192.0.2.7");
    const auto aaaa = server.ask({dns::RecordType::aaaa, "mx.example.test"});
    ASSERT_EQ(aaaa.records.size(), 1);
    EXPECT_EQ(dns::parse_address(aaaa.records[0])->text(), "2001:db8::7");

    const auto no_name = server.ask({dns::RecordType::txt, "absent.example.test"});
    EXPECT_EQ(no_name.rcode, dns::Rcode::name_error);
    const auto no_data = server.ask({dns::RecordType::txt, "mx.example.test"});
    EXPECT_EQ(no_data.rcode, dns::Rcode::no_error);
    EXPECT_TRUE(no_data.records.empty());

    const auto many = [&]() -> Task<bool> {
        const auto resolver = Resolver::open({.forwarder = server.endpoint});
        const auto first =
            co_await (*resolver)->ask({dns::RecordType::txt, "sel._domainkey.example.test"});
        const auto cached =
            co_await (*resolver)->ask({dns::RecordType::txt, "sel._domainkey.example.test"});
        co_return dns::texts(first) == dns::texts(cached) && !dns::texts(first).empty();
    };
    EXPECT_TRUE(run_blocking(many()));
}

TEST(Resolver, a_dead_server_is_given_up_after_the_time_out) {
    const UdpPort silent;
    const auto resolver =
        Resolver::open({.forwarder = silent.endpoint, .timeout = milliseconds(100)});
    ASSERT_TRUE(resolver);
    const auto begin = std::chrono::steady_clock::now();
    const auto answer =
        (*resolver)->ask_blocking({dns::RecordType::txt, "sel._domainkey.example.test"});
    EXPECT_EQ(answer.rcode, dns::Rcode::unreachable);
    EXPECT_TRUE(answer.is_temporary_failure());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(3000));
}

TEST(Resolver, a_question_is_given_up_at_the_deadline_of_its_asker) {
    const UdpPort silent;
    const auto resolver =
        Resolver::open({.forwarder = silent.endpoint, .timeout = std::chrono::minutes(10)});
    const auto ask = [&]() -> Task<dns::DnsAnswer> {
        co_return co_await (*resolver)->ask({dns::RecordType::a, "mx.example.test"},
                                            after(milliseconds(50)));
    };
    EXPECT_EQ(run_blocking(ask()).rcode, dns::Rcode::unreachable);
}

TEST(Resolver, finds_the_name_of_a_client) {
    const NameServer server;
    const auto up = server.ask({dns::RecordType::ptr, "7.2.0.192.in-addr.arpa"});
    EXPECT_EQ(up.records.size(), 2);
    const auto find = [&]() -> Task<std::string> {
        const auto resolver = Resolver::open({.forwarder = server.endpoint});
        co_return co_await find_client_name(**resolver, Ip::parse("192.0.2.7").value());
    };
    EXPECT_EQ(run_blocking(find()), "mx.example.test");
}

TEST(Resolver, questions_in_flight_are_answered_when_it_goes) {
    const UdpPort silent;
    const auto test = [&]() -> Task<dns::Rcode> {
        auto resolver =
            *Resolver::open({.forwarder = silent.endpoint, .timeout = std::chrono::minutes(10)});
        auto* asked = resolver.get();
        const auto destroy = [](std::unique_ptr<Resolver> doomed) -> Task<void> {
            co_await on_work_pool([shared = std::shared_ptr<Resolver>(
                                       std::move(doomed))]() mutable { shared.reset(); });
        };
        Runtime::spawn_here(destroy(std::move(resolver)), "destroy");
        const auto answer =
            co_await asked->ask({dns::RecordType::txt, "sel._domainkey.example.test"});
        co_return answer.rcode;
    };
    EXPECT_EQ(run_blocking(test()), dns::Rcode::unreachable);
}

TEST(Resolver, too_many_questions_are_not_queued) {
    const UdpPort silent;
    const auto resolver = Resolver::open(
        {.forwarder = silent.endpoint, .timeout = std::chrono::minutes(10), .max_waiting = 0});
    EXPECT_EQ((*resolver)->ask_blocking({dns::RecordType::txt, "example.test"}).rcode,
              dns::Rcode::unreachable);
}

}  // namespace
}  // namespace bulla::net

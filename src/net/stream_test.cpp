#include "net/stream.h"

#include "net/listener.h"
#include "net/memory_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

namespace bulla::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string make_directory() {
    std::string path = ::testing::TempDir() + "/bulla-net-XXXXXX";
    return ::mkdtemp(path.data());
}

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct TestCertificate {
    std::string directory = make_directory();
    std::string certificate_path = directory + "/cert.pem";
    std::string certificate;
    std::string key;

    explicit TestCertificate(const std::string& name = "mx.example.test") {
        const auto command = fmt::format(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "
            "/CN={1} "
            "-addext subjectAltName=DNS:{1} -keyout {0}/key.pem -out {0}/cert.pem 2>{0}/log",
            directory,
            name);
        const int status =
            std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe): no thread yet
        EXPECT_EQ(status, 0) << read_file(directory + "/log");
        certificate = read_file(certificate_path);
        key = read_file(directory + "/key.pem");
    }
};

Task<std::string> read_all(Stream& stream) {
    std::string all;
    std::array<char, 70000> buffer;
    while (true) {
        const auto count = co_await stream.read_some(buffer);
        if (!count) {
            co_return "error " + std::string(count.error().code);
        }
        if (*count == 0) {
            co_return all;
        }
        all.append(buffer.data(), *count);
    }
}

/// Runs `client` against a server that does `serve` on `address`; gives what `client` gives.
std::string run_pair(std::string_view address,
                     const Listener::Serve& serve,
                     const std::function<Task<std::string>(Endpoint)>& client) {
    auto listener = Listener::bind(*Endpoint::parse(address));
    EXPECT_TRUE(listener) << listener.error().text;
    Runtime runtime({.io_threads = 2, .work_threads = 1});
    listener->serve(runtime, serve, "test");
    std::string result;
    const auto run = [&]() -> Task<void> {
        result = co_await client(listener->local());
        runtime.stop();
    };
    runtime.spawn(run(), "client");
    runtime.run_until_stopped();
    return result;
}

Task<std::string> send_and_read(Endpoint endpoint, std::vector<std::string> texts) {
    auto stream = co_await connect(endpoint, after(seconds(20)));
    if (!stream) {
        co_return std::string(stream.error().code);
    }
    const std::vector<std::string_view> pieces(texts.begin(), texts.end());
    if (const auto written = co_await (*stream)->write(pieces); !written) {
        co_return std::string(written.error().code);
    }
    co_return co_await read_all(**stream);
}

Task<void> echo(std::unique_ptr<Stream> stream, std::size_t bytes) {
    std::string got;
    std::array<char, 5000> buffer;
    while (got.size() < bytes) {
        const auto count = co_await stream->read_some(buffer);
        if (!count || *count == 0) {
            co_return;
        }
        got.append(buffer.data(), *count);
    }
    (void)co_await stream->write_one(got);
}

TEST(Stream, c2_5_ipv4_ipv6_and_unix_sockets_carry_all_octets) {
    const std::vector<std::string> texts{
        "", std::string(3, 'a'), "", std::string(3'000'000, 'b'), "c"};
    const std::string all = texts[1] + texts[3] + texts[4];
    const std::string unix_address = "unix:" + make_directory() + "/socket";
    for (const std::string& address :
         {std::string("127.0.0.1:0"), std::string("[::1]:0"), unix_address}) {
        const auto got = run_pair(
            address,
            [&](std::unique_ptr<Stream> stream) { return echo(std::move(stream), all.size()); },
            [&](const Endpoint& endpoint) { return send_and_read(endpoint, texts); });
        EXPECT_TRUE(got == all) << address << " " << got.size();
    }
}

TEST(Stream, c2_5_one_socket_serves_both_families) {
    for (const std::string_view host : {"127.0.0.1", "::1"}) {
        const auto got = run_pair(
            "*:0",
            [](std::unique_ptr<Stream> stream) -> Task<void> {
                const auto peer = stream->peer().ip.text();
                (void)co_await stream->write_one(peer);
            },
            [&](const Endpoint& endpoint) {
                return send_and_read(*Endpoint::make(host, endpoint.port), {});
            });
        EXPECT_EQ(got, host);
    }
}

TEST(Listener, a_used_port_and_a_living_unix_socket_are_in_use_a_dead_one_is_replaced) {
    const auto first = Listener::bind(*Endpoint::parse("127.0.0.1:0"));
    ASSERT_TRUE(first);
    const auto second = Listener::bind(first->local());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "net.in_use");
    const auto path = *Endpoint::parse("unix:" + make_directory() + "/socket");
    {
        const auto living = Listener::bind(path);
        ASSERT_TRUE(living);
        EXPECT_EQ(Listener::bind(path).error().code, "net.in_use");
    }
    EXPECT_TRUE(Listener::bind(path));
}

TEST(Stream, the_deadline_ends_a_read_and_leaves_room_for_last_words) {
    const auto got = run_pair(
        "127.0.0.1:0",
        [](std::unique_ptr<Stream> stream) -> Task<void> {
            std::array<char, 1> byte;
            stream->set_deadline(after(seconds(30)));
            (void)co_await stream->read_some(byte);
        },
        [](const Endpoint& endpoint) -> Task<std::string> {
            auto stream = co_await connect(endpoint, after(seconds(20)));
            std::array<char, 1> byte;
            (*stream)->set_deadline(after(milliseconds(20)));
            const auto first = co_await (*stream)->read_some(byte);
            (*stream)->set_deadline(after(seconds(20)));
            const auto second = co_await (*stream)->write_one("x");
            co_return fmt::format(
                "{} {}", first.error().code, second ? "written" : second.error().code);
        });
    EXPECT_EQ(got, "net.timeout written");
}

TEST(Stream, a_refused_connection_says_so) {
    const auto endpoint = [] { return Listener::bind(*Endpoint::parse("127.0.0.1:0"))->local(); }();
    EXPECT_EQ(run_blocking(send_and_read(endpoint, {})), "net.refused");
}

TEST(Tls, c2_5_carries_all_octets_and_certificates_change_while_running) {
    const TestCertificate one;
    const TestCertificate two("other.example.test");
    TlsSlot slot(*TlsContext::make_server(one.certificate, one.key));
    const std::vector<std::string> texts{"EHLO ", "there\r\n", std::string(2'000'000, 'b'), "c"};
    const std::string all = texts[0] + texts[1] + texts[2] + texts[3];
    const auto serve = [&](std::unique_ptr<Stream> stream) -> Task<void> {
        const auto context = slot.current();
        if (const auto started = co_await stream->start_tls_server(*context); started) {
            co_await echo(std::move(stream), all.size());
        }
    };
    const auto connect_as = [&](const std::string& name, const std::string& ca_file) {
        return run_pair("127.0.0.1:0", serve, [&](const Endpoint& endpoint) -> Task<std::string> {
            const auto context = ca_file.empty()
                                     ? TlsContext::make_client(TlsVerify::none)
                                     : TlsContext::make_client(TlsVerify::name, ca_file);
            auto stream = co_await connect(endpoint, after(seconds(20)));
            const auto started = co_await (*stream)->start_tls_client(**context, name);
            if (!started) {
                co_return std::string(started.error().code);
            }
            EXPECT_TRUE((*stream)->tls_summary().starts_with("TLSv1.3 "))
                << (*stream)->tls_summary();
            const std::vector<std::string_view> pieces(texts.begin(), texts.end());
            EXPECT_TRUE(co_await (*stream)->write(pieces));
            co_return co_await read_all(**stream);
        });
    };
    EXPECT_TRUE(connect_as("mx.example.test", "") == all);
    EXPECT_TRUE(connect_as("mx.example.test", one.certificate_path) == all);
    EXPECT_EQ(connect_as("wrong.example.test", one.certificate_path), "tls.untrusted");
    EXPECT_EQ(connect_as("127.0.0.1", one.certificate_path), "tls.untrusted");
    EXPECT_EQ(connect_as("mx.example.test", two.certificate_path), "tls.untrusted");
    slot.set(*TlsContext::make_server(two.certificate, two.key));
    EXPECT_TRUE(connect_as("other.example.test", two.certificate_path) == all);
}

TEST(Tls, a_key_of_another_certificate_is_refused) {
    const TestCertificate one;
    const TestCertificate two;
    EXPECT_EQ(TlsContext::make_server(one.certificate, two.key).error().code, "tls.mismatch");
    EXPECT_EQ(TlsContext::make_server("nonsense", two.key).error().code, "tls.bad_certificate");
    EXPECT_EQ(TlsContext::make_server(one.certificate, "nonsense").error().code, "tls.bad_key");
    EXPECT_EQ(TlsContext::make_client(TlsVerify::name, "/nonexistent").error().code, "tls.bad_ca");
}

TEST(Tls, clear_text_instead_of_a_handshake_is_an_error) {
    const TestCertificate one;
    const auto context = *TlsContext::make_server(one.certificate, one.key);
    std::string error;
    (void)run_pair(
        "127.0.0.1:0",
        [&](std::unique_ptr<Stream> stream) -> Task<void> {
            const auto started = co_await stream->start_tls_server(*context);
            error = started ? "none" : started.error().code;
        },
        [](const Endpoint& endpoint) {
            return send_and_read(endpoint, {"MAIL FROM:<a@example.test>\r\n"});
        });
    EXPECT_EQ(error, "tls.handshake");
}

TEST(MemoryStream, fails_at_the_nth_operation_and_breaks_both_ends) {
    const auto test = []() -> Task<std::string> {
        FailAtNth fail{.nth = 2};
        auto [one, other] = MemoryStream::make_pair(&fail);
        EXPECT_TRUE(co_await one->write_one("abc"));
        const auto second = co_await one->write_one("def");
        co_return fmt::format("{} {}", second.error().code, co_await read_all(*other));
    };
    EXPECT_EQ(run_blocking(test()), "net.reset abc");
}

TEST(Endpoint, is_read_as_it_is_written) {
    for (const std::string_view text :
         {"192.0.2.1:25", "[2001:db8::1]:587", "*:0", "unix:/run/bulla/lmtp"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_TRUE(endpoint) << text;
        EXPECT_EQ(endpoint->text(), text);
    }
    for (const std::string_view text : {"",
                                        "192.0.2.1",
                                        "192.0.2.1:",
                                        "192.0.2.1:65536",
                                        "192.0.2.1:-1",
                                        "2001:db8::1:25",
                                        "[192.0.2.1]:25",
                                        "host:25",
                                        "unix:"}) {
        EXPECT_FALSE(Endpoint::parse(text)) << text;
    }
}

}  // namespace
}  // namespace bulla::net

#include "gateway/doors/smtp_door.h"

#include "base/encoding.h"
#include "net/memory_stream.h"
#include "smtp/reply.h"
#include "smtp/test_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace bulla::gateway {
namespace {

struct Taken {
    mail::Envelope envelope;
    std::string bytes;
};

// A door over memory, with a flow that keeps what it is given.
struct House {
    explicit House(config::ListenerRole role = config::ListenerRole::inbound) {
        listener.role = role;
        snapshot.config.hostname = "mx.example.test";
        snapshot.domains["example.test"] = true;
        config::Route local;
        local.name = "local";
        local.match = {"local"};
        config::Route rest;
        rest.name = "rest";
        rest.match = {"*"};
        snapshot.config.routes = {local, rest};
        directory::Account account{.login = "u",
                                   .address = Mailbox::parse("u@example.test").value(),
                                   .password = "hash of secret"};
        snapshot.accounts_by_login["u"] = std::make_shared<directory::Account>(account);
        snapshot.accounts_by_address["u@example.test"] = snapshot.accounts_by_login["u"];
    }

    void open() {
        holder = std::make_unique<directory::SnapshotHolder>(
            std::make_shared<directory::Snapshot>(snapshot));
        limits.emplace(snapshot.config.limits.memory_bytes, metrics, clock);
        door = std::make_unique<SmtpDoor>(
            DoorContext{.snapshots = *holder,
                        .tls = tls,
                        .limits = *limits,
                        .metrics = metrics,
                        .submit =
                            [this](mail::Envelope envelope,
                                   std::string bytes,
                                   const std::function<void(Reply)>& done) {
                                taken.push_back({std::move(envelope), std::move(bytes)});
                                if (stop_in_flow) {
                                    door->stop();
                                }
                                done(reply);
                            },
                        .check_password =
                            [](std::string_view hash, std::string_view password) {
                                return hash == "hash of " + std::string(password);
                            },
                        .find_client_name = [this](const Ip& client) { return find_name(client); }},
            listener);
    }

    net::Task<std::string> find_name(Ip client) {
        asked += client.text();
        co_return "client.example";
    }

    std::string asked;  ///< Whose name was asked for.
    directory::Snapshot snapshot;
    config::Listener listener;
    ManualClock clock{from_unix(1'800'000'000)};
    Metrics metrics;
    std::optional<DoorLimits> limits;
    net::TlsSlot tls{net::TlsContext::make_client(net::TlsVerify::none).value()};
    std::unique_ptr<directory::SnapshotHolder> holder;
    std::unique_ptr<SmtpDoor> door;
    std::vector<Taken> taken;
    Reply reply{.code = 250, .enhanced = "2.0.0", .text = "01ABC queued"};
    bool stop_in_flow = false;
};

const std::string hello = "EHLO client.example\r\n";

struct Talk {
    std::string client = "192.0.2.7";
    std::size_t fail_at = 0;
    std::size_t chunk = 4096;
    bool stop_when_silent = false;
};

net::Task<void> serve(House& house, std::unique_ptr<net::Stream> stream, net::Event& ended) {
    co_await house.door->serve(std::move(stream));
    ended.notify();
}

// Reads until the door has said `end`, or closes; "" never comes.
net::Task<void> read_until(net::Stream& stream, std::string& said, std::string_view end) {
    std::string buffer(4096, '\0');
    while (end.empty() || !said.contains(end)) {
        const auto count = co_await stream.read_some(buffer);
        if (!count || *count == 0) {
            co_return;
        }
        said.append(buffer, 0, *count);
    }
}

// Says `script`, piece by piece ("<tls>" starts TLS), and returns all that the door said until it closed.
net::Task<std::string> converse(House& house,
                                std::vector<std::string> script,
                                Talk talk,
                                std::size_t* operations) {
    net::FailAtNth fail{.nth = talk.fail_at};
    auto [server, client] = net::MemoryStream::make_pair(&fail, talk.chunk);
    server->set_endpoint(net::Endpoint::make(talk.client, 4321).value());
    net::Event ended;
    net::Runtime::spawn_here(serve(house, std::move(server), ended), "door");
    std::string said;
    for (const auto& piece : script) {
        if (piece == "<tls>") {
            // The door drops what is said between STARTTLS and the handshake, so its reply is waited for.
            if (&piece != &script.front() && script.front() == hello) {
                co_await read_until(*client, said, "Ready to start TLS\r\n");
            }
            static_cast<void>(co_await client->start_tls_client(*house.tls.current(), "x"));
        } else {
            static_cast<void>(co_await client->write_one(piece));
        }
    }
    if (talk.stop_when_silent) {
        co_await net::yield_now();
        house.door->stop();
    }
    co_await read_until(*client, said, "");
    static_cast<void>(co_await ended.wait_until(net::no_deadline));
    if (operations != nullptr) {
        *operations = fail.count;
    }
    co_return said;
}

std::string talk(House& house,
                 std::vector<std::string> script,
                 Talk how = {},
                 std::size_t* operations = nullptr) {
    if (!house.door) {
        house.open();
    }
    return net::run_blocking(converse(house, std::move(script), std::move(how), operations));
}

const std::string transaction =
    "MAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n";
const std::string text = "Subject: x\r\n\r\nbody\r\n.\r\n";
const std::string quit = "QUIT\r\n";

std::string plain_login(const std::string& password) {
    return "AUTH PLAIN " + base64_encode(std::string("\0u\0", 3) + password) + "\r\n";
}

TEST(SmtpDoor, c2_5_a_message_goes_to_the_flow) {
    House house;
    const std::string said = talk(house, {hello, transaction, text, quit});
    EXPECT_EQ(smtp::codes(said), "220 250 250 250 354 250 221");
    EXPECT_NE(said.find("250 2.0.0 01ABC queued\r\n"), std::string::npos);
    ASSERT_EQ(house.taken.size(), 1U);
    EXPECT_EQ(house.taken[0].bytes, "Subject: x\r\n\r\nbody\r\n");
    EXPECT_EQ(house.taken[0].envelope.client.text(), "192.0.2.7");
    EXPECT_EQ(house.taken[0].envelope.role, mail::Role::inbound);
    EXPECT_EQ(house.metrics.value(Metric::smtp_messages), 1U);
    EXPECT_EQ(house.metrics.value(Metric::smtp_sessions), 0U);
    EXPECT_EQ(house.limits->memory.used(), 0U);
    EXPECT_EQ(house.limits->connections.total(), 0U);
    EXPECT_EQ(house.door->sessions(), 0U);
}

TEST(SmtpDoor, c2_5_roles_at_mail_and_rcpt) {
    struct Row {
        config::ListenerRole role;
        const char* client;
        std::string login;
        std::string recipient;
        const char* replies;
        const char* enhanced;
    };

    using enum config::ListenerRole;
    const std::string login = plain_login("secret");
    const Row rows[] = {
        {inbound, "192.0.2.7", "", "b@example.test", "250 250", "2.1.5"},
        {inbound, "192.0.2.7", "", "b@other.example", "250 550", "5.7.1"},
        {inbound, "127.0.0.1", "", "b@other.example", "250 550", "5.7.1"},
        {submission, "127.0.0.1", "", "b@example.test", "530 503", "5.7.0"},
        {submission, "127.0.0.1", login, "b@other.example", "235 250 250", "2.1.5"},
        {relay, "192.0.2.7", "", "b@example.test", "550 503", "5.7.1"},
        {relay, "10.1.2.3", "", "b@other.example", "250 250", "2.1.5"},
        {filter, "192.0.2.7", "", "b@other.example", "550 503", "5.7.1"},
        {filter, "192.0.2.7", "", "b@example.test", "550 503", "5.7.1"},
        {filter, "127.0.0.1", "", "b@other.example", "250 250", "2.1.5"},
    };
    for (const auto& row : rows) {
        House house(row.role);
        house.snapshot.settings.trusted_networks = {Cidr::parse("10.0.0.0/8").value()};
        const std::string from = row.login.empty() ? "a@elsewhere.example" : "u@example.test";
        const std::string said =
            talk(house,
                 {hello,
                  row.login,
                  "MAIL FROM:<" + from + ">\r\nRCPT TO:<" + row.recipient + ">\r\n",
                  quit},
                 {.client = row.client});
        EXPECT_EQ(smtp::codes(said), "220 250 " + std::string(row.replies) + " 221") << row.client;
        EXPECT_NE(said.find(row.enhanced), std::string::npos) << said;
    }
}

TEST(SmtpDoor, c2_5_log_in) {
    House house(config::ListenerRole::submission);
    EXPECT_EQ(
        smtp::codes(talk(house, {hello, plain_login("wrong"), quit}, {.client = "127.0.0.1"})),
        "220 250 535 221");
    EXPECT_EQ(house.metrics.value(Metric::smtp_failed_logins), 1U);
    EXPECT_EQ(
        smtp::codes(talk(house, {hello, plain_login("secret"), quit}, {.client = "127.0.0.1"})),
        "220 250 235 221");
    // In clear from elsewhere the password is not even looked at.
    EXPECT_EQ(smtp::codes(talk(house, {hello, plain_login("secret"), quit})), "220 250 538 221");
    EXPECT_EQ(house.metrics.value(Metric::smtp_logins), 1U);
    const std::string said =
        talk(house, {hello, "STARTTLS\r\n", "<tls>", hello, plain_login("secret"), quit});
    EXPECT_EQ(smtp::codes(said), "220 250 220 250 235 221");
    EXPECT_EQ(house.metrics.value(Metric::smtp_tls_handshakes), 1U);
}

TEST(SmtpDoor, c2_5_accounts_that_may_not_log_in) {
    for (const bool disabled : {false, true}) {
        House house(config::ListenerRole::submission);
        directory::Account account = *house.snapshot.accounts_by_login["u"];
        account.disabled = disabled;
        account.one_time_password = !disabled;
        house.snapshot.accounts_by_login["u"] = std::make_shared<directory::Account>(account);
        EXPECT_EQ(
            smtp::codes(talk(house, {hello, plain_login("secret"), quit}, {.client = "127.0.0.1"})),
            "220 250 535 221");
    }
}

TEST(SmtpDoor, c2_5_log_ins_are_throttled) {
    House house(config::ListenerRole::submission);
    house.snapshot.config.limits.auth_attempts = 20;
    house.open();
    // As many failures as make the next turn lie beyond the longest wait.
    for (int i = 0; i < 8; ++i) {
        house.limits->throttle.failed(Ip::parse("127.0.0.1").value(), "u");
    }
    EXPECT_EQ(
        smtp::codes(talk(house, {hello, plain_login("secret"), quit}, {.client = "127.0.0.1"})),
        "220 250 454 221");
    EXPECT_EQ(house.metrics.value(Metric::smtp_throttled_logins), 1U);
}

// While the password is checked no deadline counts; afterwards one must, or a client that then says nothing stays for ever.
TEST(SmtpDoor, c2_5_a_log_in_leaves_a_deadline) {
    for (const auto* password : {"secret", "wrong"}) {
        House house(config::ListenerRole::submission);
        house.snapshot.config.limits.command_seconds = 1;
        const std::string said =
            talk(house, {hello, plain_login(password)}, {.client = "127.0.0.1"});
        EXPECT_EQ(smtp::codes(said), *password == 's' ? "220 250 235 421" : "220 250 535 421");
        EXPECT_EQ(house.metrics.value(Metric::smtp_timeouts), 1U);
    }
}

// Each limit of time says which it was.
TEST(SmtpDoor, c2_5_limits_of_time_name_themselves) {
    struct Row {
        std::uint32_t command;
        std::uint32_t data;
        std::uint32_t session;
        std::vector<std::string> script;
        const char* codes;
        const char* last;
    };

    const std::string mail = "MAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<b@example.test>\r\n";
    const Row rows[] = {
        {1, 300, 300, {hello}, "220 250 421", "421 4.4.2 Timeout, nothing came for too long\r\n"},
        {300,
         1,
         300,
         {hello, mail + "DATA\r\n", "Subject: x\r\n"},
         "220 250 250 250 354 421",
         "421 4.4.2 Timeout, the message took too long\r\n"},
        {300,
         300,
         0,
         {hello},
         "220 421",
         "421 4.4.2 The session took too long, please connect again\r\n"},
    };
    for (const Row& row : rows) {
        House house;
        house.snapshot.config.limits.command_seconds = row.command;
        house.snapshot.config.limits.data_seconds = row.data;
        house.snapshot.config.limits.session_seconds = row.session;
        const std::string said = talk(house, row.script);
        EXPECT_EQ(smtp::codes(said), row.codes) << said;
        EXPECT_TRUE(said.ends_with(row.last)) << said;
    }
}

TEST(SmtpDoor, rfc5321_4_4_strangers_are_looked_up_and_our_own_hosts_not) {
    struct Row {
        const char* client;
        bool reverse_dns;
        const char* asked;
    };

    for (const Row& row : {Row{"192.0.2.7", true, "192.0.2.7"},
                           Row{"192.0.2.7", false, ""},
                           Row{"127.0.0.1", true, ""},
                           Row{"10.1.2.3", true, ""}}) {
        House house;
        house.snapshot.settings.trusted_networks = {Cidr::parse("10.0.0.0/8").value()};
        house.snapshot.settings.reverse_dns = row.reverse_dns;
        talk(house, {hello, transaction, text, quit}, {.client = row.client});
        EXPECT_EQ(house.asked, row.asked);
        EXPECT_EQ(house.taken.at(0).envelope.client_name,
                  *row.asked == '\0' ? "" : "client.example");
    }
}

TEST(SmtpDoor, c2_5_each_limit_that_is_passed_is_counted) {
    House house;
    house.snapshot.config.limits.recipients = 1;
    const std::string two = "RCPT TO:<b@example.test>\r\nRCPT TO:<c@example.test>\r\n";
    talk(house,
         {hello,
          "NOOP " + std::string(5000, 'x') + "\r\n",
          "MAIL FROM:<a@elsewhere.example>\r\n",
          two,
          quit});
    EXPECT_EQ(house.metrics.value(Metric::smtp_limit_command_octets), 1U);
    EXPECT_EQ(house.metrics.value(Metric::smtp_limit_recipients), 1U);
    EXPECT_EQ(house.metrics.value(Metric::smtp_limit_message_octets), 0U);
    EXPECT_EQ(name_of(metric_of(smtp::Limit::memory)), "bulla_smtp_limit_memory_total");
}

TEST(SmtpDoor, c2_5_implicit_tls_and_proxy) {
    House house;
    house.listener.tls = config::ListenerTls::implicit;
    EXPECT_EQ(smtp::codes(talk(house, {"<tls>", hello, transaction, text, quit})),
              "220 250 250 250 354 250 221");
    EXPECT_TRUE(house.taken.at(0).envelope.tls);
    EXPECT_EQ(house.taken[0].envelope.protocol, "ESMTPS");

    for (const auto mode : {config::ListenerTls::none, config::ListenerTls::implicit}) {
        House proxied;
        proxied.listener.tls = mode;
        proxied.listener.proxy_protocol = true;
        proxied.listener.proxy_hosts = {Cidr::parse("127.0.0.0/8").value()};
        const std::string header = "PROXY TCP4 203.0.113.9 192.0.2.1 4321 25\r\n";
        talk(proxied, {header, hello, transaction, text, quit}, {.client = "127.0.0.1"});
        ASSERT_EQ(proxied.taken.size(), 1U);
        EXPECT_EQ(proxied.taken[0].envelope.client.text(), "203.0.113.9");
        // A stranger's header counts for nothing.
        EXPECT_EQ(talk(proxied, {header, hello}), "");
    }
}

TEST(SmtpDoor, c2_5_xforward_and_xclient_of_listed_hosts_only) {
    House house(config::ListenerRole::filter);
    house.listener.xforward_hosts = {Cidr::parse("127.0.0.1").value()};
    const std::string xforward = "XFORWARD ADDR=203.0.113.5 PROTO=ESMTPS\r\n";
    EXPECT_EQ(smtp::codes(talk(house, {hello, xforward, quit})), "220 250 550 221");
    talk(house, {hello, xforward, transaction, text, quit}, {.client = "127.0.0.1"});
    ASSERT_EQ(house.taken.size(), 1U);
    EXPECT_EQ(house.taken[0].envelope.client.text(), "203.0.113.5");
    // Once somebody is named, nobody else hands over, from this machine either.
    const std::string from = "MAIL FROM:<a@elsewhere.example>\r\n";
    EXPECT_EQ(smtp::codes(talk(house, {hello, from, quit}, {.client = "127.0.0.2"})),
              "220 250 550 221");
    EXPECT_EQ(smtp::codes(talk(house, {hello, from, quit})), "220 250 550 221");
    const std::string xclient = "XCLIENT ADDR=203.0.113.6 LOGIN=u\r\n";
    const std::string own = "MAIL FROM:<u@example.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n";
    EXPECT_EQ(
        smtp::codes(talk(house, {hello, xclient, hello, own, text, quit}, {.client = "127.0.0.1"})),
        "220 250 220 250 250 250 354 250 221");
    EXPECT_EQ(house.taken.at(1).envelope.login, "u");
}

TEST(SmtpDoor, c2_5_connection_limits_at_the_limit_and_one_past) {
    House house;
    house.snapshot.config.limits.connections = 3;
    house.snapshot.config.limits.connections_per_client = 2;
    house.open();
    auto& connections = house.limits->connections;
    const Ip client = Ip::parse("192.0.2.7").value();
    const Ip other = Ip::parse("192.0.2.8").value();
    ASSERT_EQ(connections.enter(client, 3, 2), ConnectionLimits::Refusal::none);
    EXPECT_EQ(smtp::codes(talk(house, {quit})), "220 221");
    ASSERT_EQ(connections.enter(client, 3, 2), ConnectionLimits::Refusal::none);
    EXPECT_EQ(talk(house, {quit}), "421 4.7.0 Too many connections from your address\r\n");
    EXPECT_EQ(smtp::codes(talk(house, {quit}, {.client = "192.0.2.9"})), "220 221");
    ASSERT_EQ(connections.enter(other, 3, 2), ConnectionLimits::Refusal::none);
    EXPECT_EQ(talk(house, {quit}, {.client = "192.0.2.9"}),
              "421 4.7.0 Too many connections, try again later\r\n");
    EXPECT_EQ(house.metrics.value(Metric::smtp_refused_connections_client), 1U);
    EXPECT_EQ(house.metrics.value(Metric::smtp_refused_connections_total), 1U);
    EXPECT_EQ(connections.total(), 3U);
}

TEST(SmtpDoor, c2_5_memory_budget_at_the_limit_and_one_past) {
    for (const bool enough : {true, false}) {
        House house;
        house.snapshot.config.limits.memory_bytes = 128U << 10U;
        house.open();
        // The reader takes 64 KiB at a time: a second step is needed for this text.
        if (!enough) {
            ASSERT_TRUE(house.limits->memory.take(1));
        }
        const std::string big = "a: b\r\n\r\n" + std::string(8000, 'x') + "\r\n";
        std::string body;
        for (int i = 0; i < 9; ++i) {
            body += big;
        }
        EXPECT_EQ(smtp::codes(talk(house, {hello, transaction, body + ".\r\n", quit})),
                  enough ? "220 250 250 250 354 250 221" : "220 250 250 250 354 452 221");
        EXPECT_EQ(house.limits->memory.used(), enough ? 0U : 1U);
        EXPECT_EQ(house.taken.size(), enough ? 1U : 0U);
    }
}

TEST(SmtpDoor, c2_13_stop) {
    House idle;
    EXPECT_EQ(smtp::codes(talk(idle, {hello}, {.stop_when_silent = true})), "220 250 421");
    House busy;
    busy.stop_in_flow = true;
    EXPECT_EQ(smtp::codes(talk(busy, {hello, transaction, text})), "220 250 250 250 354 250 421");
    EXPECT_EQ(busy.taken.size(), 1U);
    EXPECT_EQ(smtp::codes(talk(busy, {hello})), "220 421") << "the door is closed now";
}

TEST(SmtpDoor, c2_5_the_flow_decides_the_reply) {
    House house;
    house.reply = {.code = 451, .enhanced = "4.3.0", .text = "Later"};
    EXPECT_EQ(smtp::codes(talk(house, {hello, transaction, text, quit})),
              "220 250 250 250 354 451 221");
    EXPECT_EQ(house.metrics.value(Metric::smtp_deferred_messages), 1U);
}

TEST(SmtpDoor, c2_14_fail_on_nth_operation) {
    std::size_t operations = 0;
    for (std::size_t nth = 1; nth <= operations + 1 || nth == 1; ++nth) {
        House house;
        const std::string said =
            talk(house,
                 {hello, "STARTTLS\r\n", "<tls>", hello, transaction, text, quit},
                 {.fail_at = nth, .chunk = 16},
                 &operations);
        // Whatever broke: nothing is held any more, and a message is taken over at most once.
        EXPECT_EQ(house.door->sessions(), 0U) << nth;
        EXPECT_EQ(house.limits->memory.used(), 0U) << nth;
        EXPECT_EQ(house.limits->connections.total(), 0U) << nth;
        EXPECT_EQ(house.metrics.value(Metric::smtp_sessions), 0U) << nth;
        EXPECT_LE(house.taken.size(), 1U) << nth;
        if (said.ends_with("closing connection\r\n")) {
            EXPECT_GT(nth, operations);
        }
    }
    EXPECT_GT(operations, 10U);
}

TEST(SmtpDoor, c2_14_pieces_of_every_size) {
    for (std::size_t chunk = 1; chunk < 70; ++chunk) {
        House house;
        EXPECT_EQ(smtp::codes(talk(house, {hello, transaction, text, quit}, {.chunk = chunk})),
                  "220 250 250 250 354 250 221");
        EXPECT_EQ(house.taken.size(), 1U);
    }
}

}  // namespace
}  // namespace bulla::gateway

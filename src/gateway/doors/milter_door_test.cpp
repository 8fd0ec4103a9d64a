#include "gateway/doors/milter_door.h"

#include "milter/test_driver.h"
#include "net/memory_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace bulla::gateway {
namespace {

using milter::testing::client;
using milter::testing::commands;
using milter::testing::macros;
using milter::testing::message;
using milter::testing::negotiation;
using milter::testing::packet;
using milter::testing::texts;

struct Taken {
    mail::Envelope envelope;
    std::string bytes;
    MilterOptions options;
};

// A door over memory, with a flow that keeps what it is given and what it is told afterwards.
struct House {
    House() {
        listener.role = config::ListenerRole::milter;
        listener.xforward_hosts = {Cidr::parse("127.0.0.1").value()};
        snapshot.config.hostname = "mx.example.test";
        snapshot.domains["example.test"] = true;
        snapshot.settings.trusted_networks = {Cidr::parse("10.0.0.0/8").value()};
        directory::Account account{.login = "alice",
                                   .address = Mailbox::parse("alice@example.test").value(),
                                   .password = ""};
        snapshot.accounts_by_login["alice"] = std::make_shared<directory::Account>(account);
        snapshot.accounts_by_address["alice@example.test"] = snapshot.accounts_by_login["alice"];
        config::Route out;
        out.name = "out";
        out.match = {"example.net"};
        snapshot.config.routes = {out};
        answer.reply = {.code = 250, .enhanced = "2.0.0", .text = "Ok"};
        answer.edits.fields = {{.kind = FieldEdit::Kind::insert,
                                .index = 0,
                                .name = "DKIM-Signature",
                                .value = " v=1;\r\n\ta=b"}};
    }

    void open() {
        holder = std::make_unique<directory::SnapshotHolder>(
            std::make_shared<directory::Snapshot>(snapshot));
        limits.emplace(snapshot.config.limits.memory_bytes, metrics, clock);
        door = std::make_unique<MilterDoor>(
            MilterContext{.snapshots = *holder,
                          .limits = *limits,
                          .metrics = metrics,
                          .submit =
                              [this](mail::Envelope envelope,
                                     std::string bytes,
                                     MilterOptions options,
                                     const std::function<void(HandBack)>& done) {
                                  taken.push_back({std::move(envelope), std::move(bytes), options});
                                  if (stop_in_flow) {
                                      door->stop();
                                  }
                                  auto copy = answer;
                                  copy.settle = [this](bool was_told) { told.push_back(was_told); };
                                  done(std::move(copy));
                              }},
            listener);
    }

    directory::Snapshot snapshot;
    config::Listener listener;
    ManualClock clock{from_unix(1'800'000'000)};
    Metrics metrics;
    std::optional<DoorLimits> limits;
    std::unique_ptr<directory::SnapshotHolder> holder;
    std::unique_ptr<MilterDoor> door;
    std::vector<Taken> taken;
    std::vector<bool> told;
    HandBack answer;
    bool stop_in_flow = false;
};

struct Talk {
    std::string peer = "127.0.0.1";
    std::size_t fail_at = 0;
    std::size_t chunk = 4096;
    bool close_after = false;  ///< The mail server dies once it has said all.
    bool stop_when_silent = false;
};

net::Task<void> serve(House& house, std::unique_ptr<net::Stream> stream, net::Event& ended) {
    co_await house.door->serve(std::move(stream));
    ended.notify();
}

// Says all of `script`, and gives what the door said until it closed.
net::Task<std::string> converse(House& house,
                                std::string script,
                                Talk talk,
                                std::size_t* operations) {
    net::FailAtNth fail{.nth = talk.fail_at};
    auto [server, client] = net::MemoryStream::make_pair(&fail, talk.chunk);
    server->set_endpoint(talk.peer.starts_with("unix:")
                             ? net::Endpoint::parse(talk.peer).value()
                             : net::Endpoint::make(talk.peer, 4321).value());
    net::Event ended;
    net::Runtime::spawn_here(serve(house, std::move(server), ended), "door");
    std::string said;
    const auto written = co_await client->write_one(script);
    if (talk.close_after) {
        client->close();
    }
    if (talk.stop_when_silent) {
        co_await net::yield_now();
        house.door->stop();
    }
    std::string buffer(4096, '\0');
    while (written && !talk.close_after) {
        const auto count = co_await client->read_some(buffer);
        if (!count || *count == 0) {
            break;
        }
        said.append(buffer, 0, *count);
    }
    static_cast<void>(co_await ended.wait_until(net::no_deadline));
    if (operations != nullptr) {
        *operations = fail.count;
    }
    co_return said;
}

std::string talk(House& house,
                 std::string script,
                 Talk how = {},
                 std::size_t* operations = nullptr) {
    if (!house.door) {
        house.open();
    }
    return net::run_blocking(converse(house, std::move(script), std::move(how), operations));
}

std::string login(const std::string& name) {
    return macros('M', {"{auth_authen}", name});
}

const std::string start = negotiation() + client() + texts('H', {"client.example"});
const std::string quit = packet('Q');
const std::string one_message = start + message() + quit;

TEST(MilterDoor, c4_4_one_copy_is_changed_in_place) {
    House house;
    const auto said = talk(house, start + message() + message() + quit);
    EXPECT_EQ(commands(said), "Oicic");
    EXPECT_TRUE(
        said.contains(packet('i', std::string("\0\0\0\0DKIM-Signature\0 v=1;\n\ta=b\0", 30))));
    ASSERT_EQ(house.taken.size(), 2U);
    EXPECT_EQ(house.taken[1].bytes,
              "From: alice@example.test\r\nSubject: a\r\n\tb\r\n\r\nhello\r\n");
    EXPECT_TRUE(house.taken[0].options.can_change);
    EXPECT_FALSE(house.taken[0].options.take_over);
    EXPECT_EQ(house.told, (std::vector{true, true}));
    EXPECT_EQ(house.metrics.value(Metric::milter_messages), 2U);
    EXPECT_EQ(house.metrics.value(Metric::milter_sessions), 0U);
    EXPECT_EQ(house.metrics.value(Metric::milter_lost_connections), 0U);
    EXPECT_EQ(house.limits->connections.total(), 0U);
    EXPECT_EQ(house.door->sessions(), 0U);
}

TEST(MilterDoor, c4_4_edits_are_what_the_negotiation_wants) {
    House house;
    house.answer.edits.fields.push_back({.kind = FieldEdit::Kind::change,
                                         .index = 2,
                                         .name = "Content-Transfer-Encoding",
                                         .value = " base64"});
    house.answer.edits.fields.push_back(
        {.kind = FieldEdit::Kind::add, .index = 0, .name = "MIME-Version", .value = " 1.0"});
    house.answer.edits.body = "aGVsbG8=\r\n";
    const auto plain = negotiation(6, 0x1FF, 0x1FFFFF & ~0x100000U) + client();
    const auto said = talk(house, plain + message() + quit);
    EXPECT_EQ(commands(said), "Oimhbc");
    EXPECT_TRUE(said.contains(std::string("\0\0\0\2Content-Transfer-Encoding\0base64\0", 37)));
    EXPECT_TRUE(said.contains(std::string("MIME-Version\0001.0\0", 17)));
    EXPECT_TRUE(said.contains("aGVsbG8=\r\n"));
}

TEST(MilterDoor, c4_4_what_is_taken_over_is_discarded) {
    House house;
    house.answer.taken_over = true;
    EXPECT_EQ(commands(talk(house, start + message() + quit)), "Od");
    EXPECT_EQ(house.told, (std::vector{true}));
    EXPECT_EQ(house.metrics.value(Metric::milter_taken_over), 1U);
    // With take_over each recipient must have a route; the others go on.
    House all;
    all.listener.take_over = true;
    all.answer.taken_over = true;
    const auto said =
        talk(all,
             start + texts('M', {"<x@example.org>"}) + texts('R', {"<bob@example.net>"}) +
                 texts('R', {"<eve@example.org>"}) + texts('L', {"From", " x@example.org"}) +
                 packet('N') + packet('E') + quit);
    EXPECT_EQ(commands(said), "Occyd");
    EXPECT_TRUE(said.contains("550 5.1.2 <eve@example.org>: no route to this domain"));
    ASSERT_EQ(all.taken.size(), 1U);
    EXPECT_TRUE(all.taken[0].options.take_over);
    EXPECT_EQ(all.taken[0].envelope.recipients.size(), 1U);
}

TEST(MilterDoor, c4_4_the_macros_decide_direction) {
    struct Row {
        std::string client;
        std::string login;
        std::string daemon;
        bool trust_unknown;
        const char* replies;
        std::optional<std::string> as;
        bool trusted;
    };

    const Row rows[] = {
        {"192.0.2.7", "", "", false, "Oic", std::nullopt, false},
        {"10.1.2.3", "", "", false, "Oic", std::nullopt, true},
        {"192.0.2.7", "", "MSA", false, "Oic", std::nullopt, true},
        {"192.0.2.7", "", "MTA", false, "Oic", std::nullopt, false},
        {"192.0.2.7", "alice", "", false, "Oic", "alice", false},
        {"192.0.2.7", "Alice@Example.test", "", false, "Oic", "Alice@Example.test", false},
        {"192.0.2.7", "zoe", "", false, "Oy", std::nullopt, false},
        {"10.1.2.3", "zoe", "", false, "Oy", std::nullopt, false},
        {"192.0.2.7", "zoe", "", true, "Oic", std::nullopt, true},
    };
    for (const auto& row : rows) {
        House house;
        house.listener.trusted_daemons = {"MSA"};
        house.listener.unknown_logins_trusted = row.trust_unknown;
        const auto said =
            talk(house,
                 negotiation() + macros('C', {"{daemon_name}", row.daemon}) + client(row.client) +
                     texts('H', {"c"}) + login(row.login) + message() + quit);
        EXPECT_EQ(commands(said), row.replies) << row.client << row.login;
        if (std::string(row.replies) == "Oy") {
            EXPECT_TRUE(said.contains("550 5.7.1 The log-in zoe has no account"));
            EXPECT_TRUE(house.taken.empty());
            continue;
        }
        ASSERT_EQ(house.taken.size(), 1U);
        EXPECT_EQ(house.taken[0].envelope.login, row.as);
        EXPECT_EQ(house.taken[0].envelope.trusted_network, row.trusted);
        EXPECT_EQ(house.taken[0].envelope.role, mail::Role::filter);
    }
}

TEST(MilterDoor, c4_4_over_the_network_only_named_mail_servers_are_heard) {
    for (const auto* peer : {"192.0.2.7", "127.0.0.2", "::1"}) {
        House house;
        EXPECT_EQ(talk(house, one_message, {.peer = peer}), "");
        EXPECT_TRUE(house.taken.empty());
    }
    House house;
    house.listener.xforward_hosts.clear();
    EXPECT_EQ(commands(talk(house, one_message, {.peer = "unix:/run/x"})), "Oic");
    house.snapshot.config.limits.connections = 0;
    house.open();
    EXPECT_EQ(talk(house, start, {.peer = "unix:/run/x"}), "");
}

TEST(MilterDoor, c4_4_refusals_are_those_of_the_table) {
    House house;
    house.snapshot.config.limits.message_bytes = 64U << 10U;
    house.snapshot.config.limits.recipients = 1;
    house.snapshot.config.limits.received_fields = 1;
    house.answer.reply = {.code = 452, .enhanced = "4.3.1", .text = "full"};
    house.answer.taken_over = true;
    const auto with = [](const std::string& text) {
        return start + texts('M', {"<>"}) + texts('R', {"<b@example.net>"}) + text + packet('E') +
               quit;
    };
    const auto received = texts('L', {"Received", " x"});
    const std::pair<std::string, const char*> rows[] = {
        {with(""), "452 4.3.1 full"},
        {with(packet('B', "a\nb")), "550 5.6.0 Message has a bare"},
        {with(packet('B', std::string(1, '\0'))), "554 5.6.0"},
        {with(packet('B', std::string(10000, 'x'))), "550 5.6.0 Message has a line"},
        {with(packet('B', std::string(65537, 'x'))), "552 5.3.4 Message too big"},
        {with(texts('L', {"A", "b\nc"})), "550 5.6.0 Message has a header field"},
        {with(texts('R', {"<c@example.net>"})), "452 4.5.3"},
        {with(texts('M', {"<a b>"}) + texts('R', {"<c@example.net>"})), "550 5.6.0 <a b>"},
        {with(received), "452 4.3.1"},
        {with(received + received), "554 5.4.6"},
    };
    for (const auto& [script, reply] : rows) {
        const auto said = talk(house, script);
        EXPECT_EQ(commands(said), "Oy");
        EXPECT_TRUE(said.contains(reply)) << said;
    }
    EXPECT_EQ(house.metrics.value(Metric::milter_deferred_messages), 3U);
    EXPECT_EQ(house.metrics.value(Metric::milter_refused_messages), 7U);
    EXPECT_EQ(house.metrics.value(Metric::milter_messages), 0U);
}

TEST(MilterDoor, c4_4_memory_is_shared_and_given_back) {
    House house;
    house.snapshot.config.limits.memory_bytes = 100U << 10U;
    std::string body;
    for (int i = 0; i < 2000; ++i) {
        body += std::string(98, 'x') + "\r\n";
    }
    const auto said = talk(house, start + message("<>", body) + message() + quit);
    EXPECT_EQ(commands(said), "Oyic");
    EXPECT_TRUE(said.contains("452 4.3.1 Not enough memory"));
    EXPECT_EQ(house.limits->memory.used(), 0U);
    EXPECT_EQ(house.metrics.value(Metric::smtp_memory_refusals), 1U);
}

// A mail server that dies at any operation: what was taken over is delivered only if it was told so, and it was told of nothing else.
TEST(MilterDoor, c4_4_a_peer_that_dies_at_any_step_loses_and_duplicates_nothing) {
    for (const bool taken_over : {false, true}) {
        std::size_t operations = 0;
        std::size_t nth = 1;
        do {
            House house;
            house.answer.taken_over = taken_over;
            const auto said = talk(house, one_message, {.fail_at = nth, .chunk = 20}, &operations);
            const bool answered =
                commands(said).ends_with(taken_over ? 'd' : 'c') && commands(said) != "O";
            // Each message that the flow sealed was settled once, by what the mail server knows.
            ASSERT_EQ(house.told.size(), house.taken.size());
            for (const bool told : house.told) {
                EXPECT_EQ(told, answered) << nth;
            }
            EXPECT_TRUE(!answered || house.told.size() == 1);
            EXPECT_EQ(house.limits->memory.used(), 0U);
            EXPECT_EQ(house.limits->connections.total(), 0U);
            EXPECT_EQ(house.door->sessions(), 0U);
            ++nth;
        } while (nth <= operations + 1);
        EXPECT_GT(nth, 10U);
    }
}

TEST(MilterDoor, c4_4_a_peer_that_is_gone_before_the_flow_leaves_nothing) {
    const auto whole = start + message() + quit;
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        House house;
        static_cast<void>(talk(house, whole.substr(0, size), {.close_after = true}));
        for (const bool told : house.told) {
            EXPECT_FALSE(told) << size;
        }
        EXPECT_EQ(house.told.size(), house.taken.size());
        EXPECT_EQ(house.door->sessions(), 0U);
    }
}

TEST(MilterDoor, c4_4_a_stop_ends_idle_connections_and_lets_messages_end) {
    House idle;
    EXPECT_EQ(commands(talk(idle, start, {.stop_when_silent = true})), "O");
    House busy;
    busy.stop_in_flow = true;
    EXPECT_EQ(commands(talk(busy, start + message() + message())), "Oic");
    EXPECT_EQ(busy.told, (std::vector{true}));
}

}  // namespace
}  // namespace bulla::gateway

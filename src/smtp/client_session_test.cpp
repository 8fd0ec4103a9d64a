#include "smtp/client_session.h"

#include "smtp/test_driver.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bulla::smtp {
namespace {

Mailbox mailbox(std::string_view text) {
    return Mailbox::parse(text).value();
}

constexpr std::string_view stuffed_body = "Subject: x\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n";

Outgoing message(std::vector<std::string_view> pieces = {
                     "Subject: x\r\n\r\n.dot\r", "\n..\r\n", "", ".\r\nend\r\n"}) {
    Outgoing out;
    out.from = mailbox("a@example.test");
    out.recipients = {{mailbox("b@example.test"), {.notify = "NEVER", .orcpt = ""}},
                      {mailbox("c@example.test"), {}}};
    out.pieces = std::move(pieces);
    out.envid = "q1";
    return out;
}

// A client against a script: "answers" are given one after the other, each when the client waits.
struct Scripted {
    explicit Scripted(ClientOptions options) : session(std::move(options)) {}

    ClientEvent run() {
        for (;;) {
            const auto event = session.next();
            switch (event) {
                case ClientEvent::write:
                    for (const auto piece : session.output()) {
                        sent.append(piece);
                    }
                    session.wrote();
                    break;
                case ClientEvent::need_input:
                    if (next == answers.size()) {
                        return event;
                    }
                    session.receive(answers[next++]);
                    break;
                case ClientEvent::start_tls:
                    sent += "<tls>";
                    session.start_tls_done();
                    break;
                default:
                    return event;
            }
        }
    }

    ClientSession session;
    std::vector<std::string> answers;
    std::size_t next = 0;
    std::string sent;
};

ClientOptions client_options() {
    ClientOptions options;
    options.helo = "relay.example.test";
    return options;
}

constexpr auto full_hello =
    "250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE "
    "1000\r\n250-SMTPUTF8\r\n250-DSN\r\n250-CHUNKING\r\n250 AUTH LOGIN PLAIN\r\n";

std::string codes_of(const ClientSession& session) {
    std::string out;
    for (const auto& reply : session.results()) {
        out += (out.empty() ? "" : " ") + std::to_string(reply.code) +
               (reply.enhanced.empty() ? "" : "/" + reply.enhanced);
    }
    return out;
}

TEST(ClientSession, rfc2920_3_1_a_pipelined_message) {
    Scripted client(client_options());
    client.answers = {"220 mx\r\n", full_hello};
    ASSERT_EQ(client.run(), ClientEvent::ready);
    client.sent.clear();
    client.session.send(message());
    ASSERT_EQ(client.run(), ClientEvent::need_input);
    EXPECT_EQ(client.sent,
              "MAIL FROM:<a@example.test> SIZE=32 ENVID=q1\r\nRCPT TO:<b@example.test> "
              "NOTIFY=NEVER\r\nRCPT TO:<c@example.test>\r\nDATA\r\n");
    client.sent.clear();
    client.answers = {"250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n",
                      "250 2.0.0 queued as 7\r\n"};
    client.next = 0;
    ASSERT_EQ(client.run(), ClientEvent::done);
    EXPECT_EQ(client.sent, "Subject: x\r\n\r\n..dot\r\n...\r\n..\r\nend\r\n.\r\n");
    EXPECT_EQ(codes_of(client.session), "250/2.0.0 550/5.1.1");
    EXPECT_EQ(client.run(), ClientEvent::ready);
    client.session.quit();
    client.answers.emplace_back("221 bye\r\n");
    EXPECT_EQ(client.run(), ClientEvent::closed);
    EXPECT_FALSE(client.session.failure());
}

TEST(ClientSession, rfc5321_table_of_answers_and_results) {
    struct Row {
        const char* name;
        const char* hello;
        std::vector<std::string> answers;
        const char* results;
        ClientEvent then;
    };

    constexpr auto plain = "250-mx\r\n250 ENHANCEDSTATUSCODES\r\n";
    const Row rows[] = {
        {"no pipelining",
         plain,
         {"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n"},
         "250 250",
         ClientEvent::ready},
        {"sender refused", plain, {"550 5.7.1 no\r\n"}, "550/5.7.1 550/5.7.1", ClientEvent::ready},
        {"all recipients refused",
         plain,
         {"250 ok\r\n", "550 no\r\n", "450 later\r\n"},
         "550 450",
         ClientEvent::ready},
        {"data refused",
         plain,
         {"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "452 full\r\n"},
         "452 452",
         ClientEvent::ready},
        {"data answered 250",
         plain,
         {"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "250 what\r\n"},
         "451/4.5.0 451/4.5.0",
         ClientEvent::ready},
        {"end answered 354",
         plain,
         {"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "354 go\r\n"},
         "451/4.5.0 451/4.5.0",
         ClientEvent::ready},
        {"refused after the end",
         plain,
         {"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "554 5.6.0 spam\r\n"},
         "554/5.6.0 554/5.6.0",
         ClientEvent::ready},
        {"421 at a recipient",
         plain,
         {"250 ok\r\n", "550 no\r\n", "421 4.3.2 bye\r\n"},
         "550 421/4.3.2",
         ClientEvent::closed},
        {"not a reply",
         plain,
         {"250 ok\r\n", "hello\r\n"},
         "451/4.5.0 451/4.5.0",
         ClientEvent::closed},
        {"pipelined, none accepted, 354",
         full_hello,
         {"250 ok\r\n550 no\r\n550 no\r\n354 go\r\n", "554 none\r\n"},
         "550 550",
         ClientEvent::ready},
        {"pipelined, none accepted, 503",
         full_hello,
         {"250 ok\r\n550 no\r\n550 no\r\n503 none\r\n"},
         "550 550",
         ClientEvent::ready},
        {"pipelined, sender refused",
         full_hello,
         {"550 5.1.8 no\r\n503 a\r\n503 b\r\n503 c\r\n"},
         "550/5.1.8 550/5.1.8",
         ClientEvent::ready},
    };
    for (const auto& row : rows) {
        Scripted client(client_options());
        client.answers = {"220 mx\r\n", row.hello};
        ASSERT_EQ(client.run(), ClientEvent::ready) << row.name;
        client.answers = row.answers;
        client.next = 0;
        client.session.send(message());
        ASSERT_EQ(client.run(), ClientEvent::done) << row.name;
        EXPECT_EQ(codes_of(client.session), row.results) << row.name;
        EXPECT_EQ(client.next, row.answers.size()) << row.name;
        EXPECT_EQ(client.run(), row.then) << row.name;
    }
}

TEST(ClientSession, rfc5321_4_1_4_reset_before_the_next_after_a_refusal) {
    Scripted client(client_options());
    client.answers = {"220 mx\r\n", full_hello};
    client.run();
    client.session.send(message());
    client.answers = {"250 ok\r\n550 no\r\n550 no\r\n503 none\r\n"};
    client.next = 0;
    ASSERT_EQ(client.run(), ClientEvent::done);
    ASSERT_EQ(client.run(), ClientEvent::ready);
    client.sent.clear();
    client.session.send(message());
    client.run();
    EXPECT_EQ(client.sent, "RSET\r\n");
}

TEST(ClientSession, c2_8_a_refused_reset_is_no_verdict_on_the_next_message) {
    Scripted client(client_options());
    client.answers = {"220 mx\r\n", full_hello};
    client.run();
    client.session.send(message());
    client.answers = {"250 ok\r\n550 no\r\n550 no\r\n503 none\r\n"};
    client.next = 0;
    ASSERT_EQ(client.run(), ClientEvent::done);
    ASSERT_EQ(client.run(), ClientEvent::ready);
    client.session.send(message());
    client.answers = {"554 5.7.0 too many errors\r\n"};
    client.next = 0;
    client.run();
    EXPECT_EQ(codes_of(client.session), "451/4.5.0 451/4.5.0");
}

TEST(ClientSession, c2_8_what_the_next_hop_does_not_offer) {
    Scripted client(client_options());
    client.answers = {"220 mx\r\n", "250-mx\r\n250 SIZE 20\r\n"};
    ASSERT_EQ(client.run(), ClientEvent::ready);
    client.sent.clear();
    auto eight = message({"x\r\n"});
    eight.eight_bit = true;
    client.session.send(eight);
    EXPECT_EQ(client.run(), ClientEvent::done);
    EXPECT_EQ(codes_of(client.session), "554/5.6.3 554/5.6.3");
    EXPECT_EQ(client.run(), ClientEvent::ready);
    auto utf8 = message({"x\r\n"});
    utf8.smtputf8 = true;
    client.session.send(utf8);
    client.run();
    EXPECT_EQ(codes_of(client.session), "550/5.6.7 550/5.6.7");
    client.run();
    client.session.send(message({"123456789012345678\r\n"}));
    EXPECT_EQ(client.run(), ClientEvent::need_input) << "20 octets are allowed";
    EXPECT_EQ(client.sent, "MAIL FROM:<a@example.test> SIZE=20\r\n");
    Scripted other(client_options());
    other.answers = {"220 mx\r\n", "250-mx\r\n250 SIZE 20\r\n"};
    other.run();
    other.session.send(message({"1234567890123456789\r\n"}));
    EXPECT_EQ(other.run(), ClientEvent::done);
    EXPECT_EQ(codes_of(other.session), "552/5.3.4 552/5.3.4");
}

TEST(ClientSession, rfc5321_3_2_helo_when_ehlo_is_refused) {
    Scripted client(client_options());
    client.answers = {"220-mx\r\n220 hi\r\n", "502 what\r\n", "250 mx\r\n"};
    EXPECT_EQ(client.run(), ClientEvent::ready);
    EXPECT_EQ(client.sent, "EHLO relay.example.test\r\nHELO relay.example.test\r\n");
}

TEST(ClientSession, rfc3207_starttls_then_auth) {
    auto options = client_options();
    options.credentials = Credentials{.login = "u", .password = SecretBytes("secret")};
    Scripted client(std::move(options));
    client.answers = {"220 mx\r\n",
                      "250-mx\r\n250 STARTTLS\r\n",
                      "220 go\r\n250-injected\r\n250 SIZE 1\r\n",
                      full_hello,
                      "235 ok\r\n"};
    EXPECT_EQ(client.run(), ClientEvent::ready);
    EXPECT_EQ(client.sent,
              "EHLO relay.example.test\r\nSTARTTLS\r\n<tls>EHLO relay.example.test\r\nAUTH PLAIN "
              "AHUAc2VjcmV0\r\n");
    EXPECT_EQ(client.session.capabilities().size, 1000U) << "what came in clear does not count";
    EXPECT_TRUE(client.session.has_tls());
}

TEST(ClientSession, c2_8_sessions_that_cannot_be_as_asked) {
    struct Row {
        ClientTls tls;
        bool login;
        std::vector<std::string> answers;
        ClientStage stage;
        int code;
    };

    const Row rows[] = {
        {ClientTls::required, false, {"220 mx\r\n", "250 mx\r\n"}, ClientStage::hello, 454},
        {ClientTls::required,
         false,
         {"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "454 no\r\n"},
         ClientStage::tls,
         454},
        {ClientTls::none, true, {"220 mx\r\n", full_hello}, ClientStage::idle, 454},
        {ClientTls::opportunistic, false, {"554 no\r\n"}, ClientStage::greeting, 554},
        {ClientTls::opportunistic, false, {"421 busy\r\n"}, ClientStage::greeting, 421},
        {ClientTls::opportunistic, false, {"220 mx\r\n", "421 busy\r\n"}, ClientStage::hello, 421},
        {ClientTls::opportunistic,
         false,
         {"220 mx\r\n", "500 no\r\n", "500 no\r\n"},
         ClientStage::hello,
         500},
        {ClientTls::opportunistic,
         true,
         {"220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n", full_hello, "535 5.7.8 no\r\n"},
         ClientStage::auth,
         535},
        {ClientTls::opportunistic,
         false,
         {"220 " + std::string(3000, 'x')},
         ClientStage::greeting,
         451},
    };
    for (const auto& row : rows) {
        auto options = client_options();
        options.tls = row.tls;
        if (row.login) {
            options.credentials = Credentials{.login = "u", .password = SecretBytes("secret")};
        }
        Scripted client(std::move(options));
        client.answers = row.answers;
        EXPECT_EQ(client.run(), ClientEvent::closed);
        ASSERT_TRUE(client.session.failure());
        EXPECT_EQ(client.session.failure()->stage, row.stage);
        EXPECT_EQ(client.session.failure()->reply.code, row.code);
        EXPECT_EQ(
            client.sent.find("AHUAc2VjcmV0"),
            row.stage == ClientStage::auth ? client.sent.find("AHUAc2VjcmV0") : std::string::npos);
    }
}

TEST(ClientSession, rfc2920_window_of_commands_under_way) {
    Scripted client(client_options());
    client.answers = {"220 mx\r\n", full_hello};
    client.run();
    client.sent.clear();
    auto many = message({"x: y\r\n"});
    many.recipients.assign(250, many.recipients[1]);
    client.session.send(many);
    client.run();
    EXPECT_EQ(std::ranges::count(client.sent, '\n'), 100);
    std::string replies;
    for (int i = 0; i < 252; ++i) {
        replies += i == 251 ? "354 go\r\n" : "250 ok\r\n";
    }
    client.answers = {replies, "250 ok\r\n"};
    client.next = 0;
    EXPECT_EQ(client.run(), ClientEvent::done);
    EXPECT_EQ(client.session.results().back().code, 250);
}

// Our client against our server, in memory; every operation is counted, and the Nth breaks the connection.
struct Connection {
    Connection(ServerOptions server_options, ClientOptions options)
        : server(std::move(server_options)), client(std::move(options)) {}

    bool broken() { return nth != 0 && ++operations >= nth; }

    ClientEvent run() {
        client.receive(std::exchange(server.output, {}));
        for (;;) {
            const auto event = client.next();
            if (event == ClientEvent::write) {
                if (broken()) {
                    client.lost({451, "4.4.2", "gone"});
                    continue;
                }
                std::string bytes;
                for (const auto piece : client.output()) {
                    bytes.append(piece);
                }
                client.wrote();
                to_client += server.say(bytes, piece_size);
            } else if (event == ClientEvent::need_input) {
                if (broken() || to_client.empty()) {
                    client.lost({451, "4.4.2", "gone"});
                    continue;
                }
                const std::size_t length =
                    piece_size == 0 ? to_client.size() : std::min(piece_size, to_client.size());
                client.receive(std::string_view(to_client).substr(0, length));
                to_client.erase(0, length);
            } else {
                return event;
            }
        }
    }

    TestDriver server;
    ClientSession client;
    std::string to_client;
    std::size_t piece_size = 0;
    std::size_t nth = 0;
    std::size_t operations = 0;
};

TEST(ClientSession, c2_14_client_and_server_agree_on_every_body) {
    const std::vector<std::vector<std::string_view>> bodies = {{},
                                                               {""},
                                                               {"."},
                                                               {".\r\n"},
                                                               {"..\r\n."},
                                                               {"\r\n.\r\n"},
                                                               {"a\r", "\n", ".", "\r\n"},
                                                               {"a: b\r\n\r\n", "x\r\n.", ".y\r\n"},
                                                               {"no end"},
                                                               {stuffed_body}};
    for (const bool chunking : {false, true}) {
        for (const std::size_t piece : {0, 1, 3}) {
            for (const auto& body : bodies) {
                auto options = client_options();
                options.chunking = chunking;
                Connection connection(test_options(), std::move(options));
                connection.piece_size = piece;
                ASSERT_EQ(connection.run(), ClientEvent::ready);
                connection.client.send(message(body));
                ASSERT_EQ(connection.run(), ClientEvent::done);
                EXPECT_EQ(codes_of(connection.client), "250/2.0.0 250/2.0.0");
                std::string expected;
                for (const auto part : body) {
                    expected.append(part);
                }
                expected += expected.empty() || expected.ends_with("\r\n") ? "" : "\r\n";
                ASSERT_EQ(connection.server.messages.size(), 1U);
                EXPECT_EQ(connection.server.messages[0].text.bytes, expected);
                EXPECT_EQ(connection.run(), ClientEvent::ready);
            }
        }
    }
}

TEST(ClientSession, c2_14_fail_on_nth_operation) {
    for (const bool chunking : {false, true}) {
        for (std::size_t nth = 1;; ++nth) {
            auto options = client_options();
            options.chunking = chunking;
            Connection connection(test_options(), std::move(options));
            connection.piece_size = 16;
            connection.nth = nth;
            if (connection.run() == ClientEvent::ready) {
                connection.client.send(message());
                ASSERT_EQ(connection.run(), ClientEvent::done);
                // Every recipient has a final answer, and success is never claimed for what the server does not have.
                for (const auto& reply : connection.client.results()) {
                    EXPECT_GE(reply.code, 200);
                    EXPECT_TRUE(!reply.is_positive() || connection.server.messages.size() == 1)
                        << nth;
                }
                connection.run();
            }
            if (connection.operations < nth) {
                EXPECT_EQ(codes_of(connection.client), "250/2.0.0 250/2.0.0");
                break;
            }
            EXPECT_TRUE(connection.client.failure()) << nth;
        }
    }
}

}  // namespace
}  // namespace bulla::smtp

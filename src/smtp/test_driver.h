#pragma once
#include "smtp/server_session.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulla::smtp {

/// For tests: answers a ServerSession's events without I/O and keeps what it said.
struct TestDriver {
    explicit TestDriver(ServerOptions options, ClientFacts client = {})
        : facts(std::move(client)), session(std::move(options)) {
        run();
    }

    /// Answers until the session wants input, TLS or its end.
    Event run() {
        for (;;) {
            last = session.next();
            events.push_back(last);
            switch (last) {
                case Event::connected:
                    connect_refusal ? session.answer(*connect_refusal)
                                    : session.accept_client(facts);
                    break;
                case Event::mail:
                    session.answer(mail_reply);
                    break;
                case Event::recipient:
                    session.answer(recipient_reply(session.recipient()));
                    break;
                case Event::data:
                    session.answer(data_reply);
                    break;
                case Event::message:
                    messages.push_back(session.take_message());
                    session.answer(message_reply);
                    break;
                case Event::auth:
                    answer_auth();
                    break;
                case Event::start_tls:
                    output += session.take_output() + "<tls>";
                    session.start_tls_done("TLSv1.3 test");
                    break;
                case Event::need_input:
                case Event::closed:
                    output += session.take_output();
                    return last;
            }
        }
    }

    /// Gives `input` in pieces of `piece` octets (0: at once) and returns what was said since the last call.
    std::string say(std::string_view input, std::size_t piece = 0) {
        while (!input.empty() && last != Event::closed) {
            const std::size_t length = piece == 0 ? input.size() : std::min(piece, input.size());
            session.receive(input.substr(0, length));
            input.remove_prefix(length);
            run();
        }
        return std::exchange(output, {});
    }

    void answer_auth() {
        const Credentials credentials = session.take_credentials();
        logins.push_back(credentials.login);
        if (credentials.password.view() == "secret") {
            session.accept_login(credentials.login);
        } else {
            session.answer({535, "5.7.8", "No"});
        }
    }

    ClientFacts facts;
    ServerSession session;
    Event last = Event::need_input;
    std::vector<Event> events;
    std::string output;
    std::vector<Submission> messages;
    std::vector<std::string> logins;
    std::optional<Reply> connect_refusal;
    Reply mail_reply{250, "2.1.0", "OK"};
    std::function<Reply(const mail::Recipient&)> recipient_reply = [](const mail::Recipient&) {
        return Reply{250, "2.1.5", "OK"};
    };
    Reply data_reply{354, "", ""};
    Reply message_reply{250, "2.0.0", "queued"};
};

/// The codes of the replies in `output`, the last line of each, separated by spaces: "250 354 550".
inline std::string codes(std::string_view output) {
    std::string out;
    while (!output.empty()) {
        const std::string_view line = output.substr(0, output.find("\r\n"));
        output.remove_prefix(std::min(output.size(), line.size() + 2));
        if (line.size() >= 4 && line[3] == ' ') {
            out += (out.empty() ? "" : " ") + std::string(line.substr(0, 3));
        }
    }
    return out;
}

/// Options of an inbound session at mx.example.test.
inline ServerOptions test_options() {
    ServerOptions options;
    options.hostname = "mx.example.test";
    options.client = Ip::parse("192.0.2.7").value();
    return options;
}

/// A session that has said EHLO.
struct Greeted : TestDriver {
    explicit Greeted(ServerOptions options) : TestDriver(std::move(options)) {
        say("EHLO client.example\r\n");
    }
};

}  // namespace bulla::smtp

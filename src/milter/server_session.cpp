#include "milter/server_session.h"

#include "milter/protocol.h"
#include "milter/replies.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace bulla::milter {

namespace {

// What a filter that only adds and changes fields and bodies wants to have.
constexpr std::uint32_t wanted_actions =
    action::add_headers | action::change_body | action::change_headers | action::set_macros;
constexpr std::uint32_t wanted_steps =
    step::no_unknown | step::no_data | step::silent_connect | step::silent_helo |
    step::silent_header | step::silent_end_of_header | step::silent_body | step::leading_space;
constexpr std::uint32_t silent_envelope = step::silent_mail | step::silent_recipient;

// The macros that are looked at, by the number of the command that they come before.
constexpr std::array<std::pair<std::uint32_t, std::string_view>, 3> wanted_macros{{
    {0, "j {daemon_name} v"},
    {2, "i {auth_authen} {auth_type} {tls_version} {cipher}"},
    {5, "i"},
}};

}  // namespace

ServerSession::ServerSession(Options options)
    : options_(std::move(options)),
      reader_(options_.packet_octets),
      message_(options_.message, false) {}

std::string ServerSession::take_output() {
    return std::exchange(output_, {});
}

bool ServerSession::leading_space() const {
    return (steps_ & step::leading_space) != 0;
}

bool ServerSession::can_change() const {
    constexpr std::uint32_t needed = action::change_body | action::change_headers;
    return (actions_ & needed) == needed;
}

Event ServerSession::next() {
    if (asked_) {
        return *asked_;
    }
    while (!closed_) {
        auto packet = reader_.next();
        if (!packet) {
            send_away(std::move(packet).error());
            break;
        }
        const auto& whole = packet.value();
        if (!whole) {
            return Event::need_input;
        }
        auto handled = handle(*whole);
        if (!handled) {
            send_away(std::move(handled).error());
        } else {
            asked_ = handled.value();
        }
        if (asked_) {
            return *asked_;
        }
    }
    return Event::closed;
}

// A mail server that is sent away treats the message as its administrator said: it must be told nothing else.
void ServerSession::send_away(Error error) {
    error_ = std::move(error);
    closed_ = true;
    end_message();
}

void ServerSession::go_on_unless(std::uint32_t silent_step) {
    if ((steps_ & silent_step) == 0) {
        go_on(output_);
    }
}

Result<void> ServerSession::negotiate(std::string_view data) {
    const auto version = take_number(data);
    const auto actions = take_number(data);
    const auto steps = take_number(data);
    if (negotiated_ || !version || !actions || !steps) {
        return fail("milter.bad_packet", Fault::sender, "a negotiation that is none");
    }
    if (*version < oldest_version || (*actions & action::add_headers) == 0) {
        return fail("milter.not_able",
                    Fault::sender,
                    fmt::format("version {} with actions {:#x}: header fields cannot be added",
                                *version,
                                *actions));
    }
    actions_ = *actions & wanted_actions;
    steps_ = *steps & (wanted_steps | (options_.ask_about_envelope ? 0 : silent_envelope));
    negotiated_ = true;
    std::string answer;
    write_number(answer, std::min(*version, newest_version));
    write_number(answer, actions_);
    write_number(answer, steps_);
    if ((actions_ & action::set_macros) != 0) {
        for (const auto& [command, names] : wanted_macros) {
            write_number(answer, command);
            write_text(answer, names);
        }
    }
    write_packet(output_, static_cast<char>(Command::negotiate), answer);
    message_ = MessageReader(options_.message, leading_space());
    return {};
}

Submission ServerSession::take_message() {
    Submission submission{.envelope = std::move(envelope_),
                          .bytes = message_.take(),
                          .flaw = message_.flaw(),
                          .bad_address = std::move(bad_address_),
                          .too_many_recipients = too_many_recipients_,
                          .daemon_name = std::string(macros_.find("daemon_name")),
                          .is_postfix = macros_.find("v").starts_with("Postfix")};
    // What holds for the connection is wanted for its next message.
    envelope_ = submission.envelope;
    return submission;
}

void ServerSession::answer(const Verdict& verdict) {
    const auto event = std::exchange(asked_, std::nullopt);
    switch (verdict.kind) {
        case Verdict::Kind::go_on:
            go_on(output_);
            break;
        case Verdict::Kind::discard:
            discard(output_);
            break;
        case Verdict::Kind::refuse:
            reply(output_, verdict.code, verdict.enhanced, verdict.text);
            break;
    }
    if (event == Event::recipient && verdict.kind == Verdict::Kind::refuse) {
        envelope_.recipients.pop_back();
    } else if (event == Event::message ||
               (event == Event::sender && verdict.kind != Verdict::Kind::go_on)) {
        end_message();
        macros_.end_message();
    }
}

void ServerSession::refuse_for_memory() {
    message_.refuse(Flaw::no_memory);
}

void ServerSession::begin_message() {
    end_message();
    in_message_ = true;
}

void ServerSession::end_message() {
    in_message_ = false;
    too_many_recipients_ = false;
    bad_address_.clear();
    envelope_.from.reset();
    envelope_.recipients.clear();
    envelope_.ret.clear();
    envelope_.envid.clear();
    envelope_.eight_bit = false;
    envelope_.smtputf8 = false;
    envelope_.login.reset();
    message_ = MessageReader(options_.message, leading_space());
}

void ServerSession::forget_connection() {
    end_message();
    envelope_ = {};
    connected_ = false;
}

}  // namespace bulla::milter

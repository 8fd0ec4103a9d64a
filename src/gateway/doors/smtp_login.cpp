#include "base/log.h"
#include "gateway/doors/smtp_connection.h"

#include <chrono>
#include <exception>
#include <functional>
#include <utility>

namespace bulla::gateway {

namespace {

constexpr std::chrono::milliseconds ask_again{100};
// Each takes 64 MiB and a good part of a tenth of a second: beyond this, one would wait for longer than it is worth.
constexpr std::size_t most_in_line = 32;

struct PasswordWork {
    CheckPassword verify;
    std::string hash;
    SecretBytes password;

    [[nodiscard]] bool run() const {
        try {
            return verify(hash, password.view());
        } catch (const std::exception&) {
            return false;  // no memory for it: nobody gets in by that
        }
    }
};

}  // namespace

// One at a time and out of the way of the mail: whoever makes up passwords must not take the processor from signing.
net::Task<std::optional<bool>> SmtpConnection::check(std::string hash, SecretBytes password) {
    auto& in_line = context_.limits.logins_in_line;
    if (in_line.fetch_add(1) >= most_in_line) {
        in_line.fetch_sub(1);
        co_return std::nullopt;
    }
    auto work = std::make_shared<PasswordWork>(
        context_.check_password, std::move(hash), std::move(password));
    const auto start = [work](std::function<void(bool)> done) {
        net::detail::current_runtime().post_long_work(
            [work, done = std::move(done)] { done(work->run()); });
    };
    const bool right = co_await net::async<bool>(start);
    in_line.fetch_sub(1);
    co_return right;
}

net::Task<AuthThrottle::Turn> SmtpConnection::wait_for_turn(Ip client, std::string login) {
    auto& throttle = context_.limits.throttle;
    auto turn = throttle.take_turn(client, login);
    for (auto waited = std::chrono::milliseconds(0);
         turn.kind == AuthThrottle::Turn::Kind::busy && waited < AuthThrottle::longest_wait;
         waited += ask_again) {
        co_await net::sleep(ask_again);
        turn = throttle.take_turn(client, login);
    }
    if (turn.wait.count() > 0) {
        co_await net::sleep(turn.wait);
    }
    co_return turn;
}

void SmtpConnection::refuse_login(std::string text) {
    restore_deadline();
    context_.metrics.add(Metric::smtp_throttled_logins);
    session_->answer({.code = 454, .enhanced = "4.7.0", .text = std::move(text)});
}

// What follows the answer, STARTTLS too, must not be able to wait for ever.
void SmtpConnection::restore_deadline() {
    stream_->set_deadline(net::after(std::chrono::seconds(limits_.command_seconds)));
}

net::Task<void> SmtpConnection::log_in() {
    smtp::Credentials credentials = session_->take_credentials();
    const Ip client = session_->envelope().client;
    stream_->set_deadline(net::no_deadline);
    epoch_.reset();
    const auto snapshot = context_.snapshots.current();
    const auto account = snapshot->find_account(credentials.login);
    // An account has two names, its login and its address; guesses at both count together.
    const std::string login = account ? account->login : credentials.login;
    const auto turn = co_await wait_for_turn(client, login);
    if (turn.kind != AuthThrottle::Turn::Kind::go) {
        refuse_login("Too many failed log-ins, try again later");
        co_return;
    }
    // An unknown login costs as much as a wrong password, so that the time does not tell which it was.
    const auto& accounts = snapshot->accounts_by_login;
    const std::string any = accounts.empty() ? "" : accounts.begin()->second->password;
    const auto right =
        co_await check(account ? account->password : any, std::move(credentials.password));
    if (!right) {
        refuse_login("Too many are logging in at once, try again later");
        co_return;
    }
    restore_deadline();
    if (*right && account && !account->disabled && !account->one_time_password) {
        context_.limits.throttle.succeeded(client, login);
        context_.metrics.add(Metric::smtp_logins);
        session_->accept_login(account->login);
        co_return;
    }
    context_.limits.throttle.failed(client, login);
    context_.metrics.add(Metric::smtp_failed_logins);
    log::info("smtp.login_failed", {{"client", client.text()}, {"login", login}});
    session_->answer(
        {.code = 535, .enhanced = "5.7.8", .text = "Authentication credentials invalid"});
}

}  // namespace bulla::gateway

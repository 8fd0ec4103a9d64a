#include "base/log.h"
#include "gateway/doors/smtp_connection.h"

#include <utility>

namespace bulla::gateway {

net::Task<bool> SmtpConnection::check(std::string hash, SecretBytes password) {
    auto secret = std::make_shared<SecretBytes>(std::move(password));
    auto work = [verify = context_.check_password, hash = std::move(hash), secret] {
        return verify(hash, secret->view());
    };
    co_return co_await net::on_work_pool(std::move(work));
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
    const auto wait = context_.limits.throttle.take_turn(client, login);
    if (!wait) {
        restore_deadline();
        context_.metrics.add(Metric::smtp_throttled_logins);
        session_->answer(
            {.code = 454, .enhanced = "4.7.0", .text = "Too many failed log-ins, try again later"});
        co_return;
    }
    if (wait->count() > 0) {
        co_await net::sleep(*wait);
    }
    // An unknown login costs as much as a wrong password, so that the time does not tell which it was.
    const auto& accounts = snapshot->accounts_by_login;
    const std::string any = accounts.empty() ? "" : accounts.begin()->second->password;
    const bool right =
        co_await check(account ? account->password : any, std::move(credentials.password));
    restore_deadline();
    if (right && account && !account->disabled && !account->one_time_password) {
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

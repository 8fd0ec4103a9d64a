#include "services/login.h"

#include "base/log.h"
#include "directory/load.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/session.h"
#include "services/totp.h"
#include "vault/password.h"

#include <algorithm>

namespace bulla::services {
namespace {

std::unexpected<Error> refuse() {
    return fail("auth.failed", Fault::sender, "name or password is wrong");
}

/// What a client says of itself, made fit for a row and a screen.
std::string clean(std::string text, std::size_t max) {
    std::erase_if(text, [](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return octet < 0x20 || octet > 0x7E;
    });
    text.resize(std::min(text.size(), max));
    return text;
}

Result<void> commit_second_factor(ServiceContext& context,
                                  const LoginAttempt& attempt,
                                  std::int64_t step) {
    return commit_rows(
        context, [login = attempt.login, step](store::Tx& tx, const seal::Committed&) {
            return tx.run("update account_totp set last_step = :step where login = :login",
                          {step, login});
        });
}

Result<void> check_second_factor(ServiceContext& context, const LoginAttempt& attempt) {
    BULLA_TRY(factor, load_totp(context, attempt.login));
    if (!factor || !factor->confirmed || !attempt.kept_session.empty()) {
        return {};
    }
    if (attempt.code.empty()) {
        BULLA_CHECK(commit_rows(
            context, [subjects = attempt.subjects](store::Tx& tx, const seal::Committed&) {
                return take_back(tx, subjects, false);
            }));
        return fail("auth.totp_needed", Fault::sender, "the code of the second factor is needed");
    }
    const auto step =
        find_totp_step(factor->secret.view(), attempt.code, context.clock.now(), factor->last_step);
    if (!step) {
        return refuse();
    }
    return commit_second_factor(context, attempt, *step);
}

/// The caller holds `changing`, and for as long as it uses the account.
Result<std::shared_ptr<const directory::Account>> accept_while_locked(ServiceContext& context,
                                                                      const LoginAttempt& attempt,
                                                                      bool right) {
    auto account =
        attempt.login.empty() ? nullptr : context.snapshots.current()->find_account(attempt.login);
    // Between the first step and this one the account may have been changed.
    const bool same = account && !account->disabled && account->login == attempt.login &&
                      account->password == attempt.hash;
    if (!right || !same) {
        log::info("auth.failed",
                  {{"client", attempt.address}, {"subject", attempt.subjects.account}});
        return refuse();
    }
    BULLA_CHECK(check_second_factor(context, attempt));
    BULLA_CHECK(
        commit_rows(context, [subjects = attempt.subjects](store::Tx& tx, const seal::Committed&) {
            return take_back(tx, subjects, true);
        }));
    return account;
}

}  // namespace

Result<LoginAttempt> begin_login(ServiceContext& context, const nlohmann::json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(user, in.text("user", 320));
    BULLA_TRY(password, in.text("password", 1024));
    BULLA_TRY(code, in.text_or("totp", "", 16));
    BULLA_TRY(user_agent, in.text_or("user_agent", "", 1024));
    BULLA_TRY(address, in.text_or("address", "", 64));
    BULLA_CHECK(in.finish());
    const auto snapshot = context.snapshots.current();
    const auto account = snapshot->find_account(user);
    LoginAttempt attempt;
    // A disabled account is as unknown as one that is not there, for its time and its words.
    attempt.login = account && !account->disabled ? account->login : "";
    const auto& accounts = snapshot->accounts_by_login;
    attempt.hash = account            ? account->password
                   : accounts.empty() ? ""
                                      : accounts.begin()->second->password;
    attempt.password = SecretBytes(std::move(password));
    attempt.code = std::move(code);
    attempt.user_agent = clean(std::move(user_agent), 255);
    attempt.address = clean(std::move(address), 64);
    attempt.subjects = make_subjects(account ? account->login : "", user, attempt.address);
    const std::scoped_lock lock(context.changing);
    BULLA_CHECK(count_attempt(context, attempt.subjects));
    return attempt;
}

bool check_login(const LoginAttempt& attempt) {
    return vault::verify_password(attempt.hash, attempt.password.view());
}

Result<std::shared_ptr<const directory::Account>> accept_login(ServiceContext& context,
                                                               const LoginAttempt& attempt,
                                                               bool right) {
    const std::scoped_lock lock(context.changing);
    return accept_while_locked(context, attempt, right);
}

Result<nlohmann::json> finish_login(ServiceContext& context,
                                    const LoginAttempt& attempt,
                                    bool right) {
    // One lock for both: a password given in between must not be followed by a session of the old one.
    const std::scoped_lock lock(context.changing);
    BULLA_TRY(account, accept_while_locked(context, attempt, right));
    BULLA_TRY(session, open_session(context, *account, attempt.user_agent, attempt.address));
    return nlohmann::json{{"session", session.secret},
                          {"expires", json_time(session.expires)},
                          {"must_change_password", account->one_time_password},
                          {"login", account->login},
                          {"address", account->address.text()},
                          {"role", directory::to_string(account->role)},
                          {"domains", account->domains}};
}

}  // namespace bulla::services

#include "directory/load.h"
#include "services/account.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/login.h"
#include "services/session.h"
#include "services/table.h"
#include "vault/password.h"

namespace bulla::services {
namespace {

json describe(const Credential& found) {
    const Principal& who = found.principal;
    return {{"kind", who.by_token ? "token" : "session"},
            {"id", found.id},
            {"login", who.login},
            {"address", found.address},
            {"role", directory::to_string(who.role)},
            {"domains", who.domains},
            {"scopes", who.scopes},
            {"expires", json_time(found.expires)},
            {"must_change_password", who.must_change_password}};
}

/// The digest of the session that `arguments` names, if it is one of `login`: it outlives the change of a password.
std::string own_session(ServiceContext& context,
                        const std::string& secret,
                        const std::string& login) {
    const auto found = secret.empty()
                           ? Result<Credential>(fail("auth.no_session", Fault::sender, ""))
                           : find_session(context, secret);
    return found && found->principal.login == login ? digest_secret(secret) : std::string();
}

}  // namespace

// {"user", "password", "totp"?, "user_agent"?, "address"?} → {"session", "expires", "must_change_password", "login", "address", "role",
// "domains"}. Errors: auth.failed, auth.totp_needed, auth.locked.
Result<json> log_in(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_TRY(attempt, begin_login(context, arguments));
    return finish_login(context, attempt, check_login(attempt));
}

// {"session"} or {"token"} → {"kind", "id", "login", "address", "role", "domains", "scopes", "expires", "must_change_password"}.
// Error: auth.no_session.
Result<json> show_session(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(session, in.text_or("session", "", 128));
    BULLA_TRY(token, in.text_or("token", "", 128));
    BULLA_CHECK(in.finish());
    BULLA_TRY(found, session.empty() ? find_token(context, token) : find_session(context, session));
    return describe(found);
}

namespace {

Result<bool> has_session(ServiceContext& context, const std::string& hash) {
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(row,
              connection->query_first<std::int64_t>(
                  "select 1 from login_session where hash = :hash", {hash}));
    return row.has_value();
}

}  // namespace

// {"session"} → {}; a session that is over already is no error.
Result<json> log_out(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(session, in.text("session", 128));
    BULLA_CHECK(in.finish());
    // Anybody may say that a session is over: what is none costs no commit.
    BULLA_TRY(known, has_session(context, digest_secret(session)));
    if (!known) {
        return json::object();
    }
    BULLA_CHECK(commit_rows(
        context, [hash = digest_secret(session)](store::Tx& tx, const seal::Committed&) {
            return tx.run("delete from login_session where hash = :hash", {hash});
        }));
    return json::object();
}

// {"login", "password", "new_password", "keep_tokens"?, "totp"?, "session"?, "address"?} → {"login", "sessions_ended", "tokens_revoked"}: all
// sessions of the account but "session" end, and its API tokens unless "keep_tokens"; a password in place of a one-time one keeps them by
// itself, for its reset revoked those of before. It asks for the second factor unless the session is the account's. Errors: auth.failed, auth.totp_needed, auth.locked, account.weak_password,
// account.same_password.
Result<json> change_own_password(ServiceContext& context,
                                 const Caller& caller,
                                 const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, in.text("login", 320));
    BULLA_TRY(old_password, in.text("password", 1024));
    BULLA_TRY(new_password, in.text("new_password", 4096));
    BULLA_TRY(keep_tokens, in.flag_or("keep_tokens", false));
    BULLA_TRY(code, in.text_or("totp", "", 16));
    BULLA_TRY(session, in.text_or("session", "", 128));
    BULLA_TRY(address, in.text_or("address", "", 64));
    BULLA_CHECK(in.finish());
    BULLA_CHECK(in_field("new_password", check_password(new_password)));
    if (new_password == old_password) {
        return refuse(
            "new_password", "account.same_password", "the new password is the one of before");
    }
    BULLA_TRY(
        attempt,
        begin_login(
            context,
            {{"user", login}, {"password", old_password}, {"totp", code}, {"address", address}}));
    attempt.kept_session = own_session(context, session, attempt.login);
    BULLA_TRY(account, accept_login(context, attempt, check_login(attempt)));
    BULLA_TRY(hash, vault::hash_password(new_password, context.random));
    const std::scoped_lock lock(context.changing);
    // Between the check and the lock an administrator may have given the account another password: that one stays.
    const auto now = context.snapshots.current()->find_account(account->login);
    if (!now || now->disabled || now->password != account->password) {
        return fail(
            "auth.failed", Fault::sender, "the account was changed meanwhile: log in again");
    }
    const KeptAccess kept{.session = attempt.kept_session,
                          .tokens = keep_tokens || account->one_time_password};
    BULLA_TRY(ended, count_access(context, account->login, kept));
    const auto rows = [login = account->login, hash = hash, kept](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(end_access(tx, login, kept));
        return tx.run("update account set password = :password, one_time = 0 where login = :login",
                      {hash, login});
    };
    BULLA_CHECK(commit_change(
        context,
        Caller{caller.principal == nullptr ? account->login : caller.actor},
        {.action = "auth.password", .target = account->login, .detail = ended, .rows = rows}));
    ended["login"] = account->login;
    return ended;
}

}  // namespace bulla::services

#include "directory/load.h"
#include "services/account.h"
#include "services/change.h"
#include "services/lookup.h"
#include "services/table.h"
#include "vault/password.h"

namespace bulla::services {
namespace {

/// The password to store and, if it was made here, to show once.
struct NewPassword {
    std::string hash;
    std::string one_time;
};

Result<NewPassword> make_password(ServiceContext& context, const std::string& given) {
    NewPassword out;
    if (given.empty()) {
        out.one_time = make_one_time_password(context.random);
    } else {
        BULLA_CHECK(in_field("password", check_password(given)));
    }
    BULLA_TRY(hash, vault::hash_password(given.empty() ? out.one_time : given, context.random));
    out.hash = hash;
    return out;
}

json with_one_time(json out, const NewPassword& password) {
    if (!password.one_time.empty()) {
        out["one_time_password"] = password.one_time;
    }
    return out;
}

}  // namespace

// {"address", "login"?, "role"?, "password"?, "domains"?} → {"login", "address", "role", "domains", "one_time_password"?}
// Errors: account.exists, account.address_taken, account.foreign_domain, account.weak_password, account.no_domain_admin, domain.missing,
// mailbox.bad, role.bad.
Result<json> add_account(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(address_text, in.text("address", 320));
    BULLA_TRY(login_text, in.text_or("login", address_text, 191));
    BULLA_TRY(role_text, in.text_or("role", "user", 16));
    BULLA_TRY(given, in.text_or("password", "", 4096));
    BULLA_TRY(address, in_field("address", Mailbox::parse(address_text)));
    BULLA_TRY(login, in_field(in.has("login") ? "login" : "address", parse_login(login_text)));
    BULLA_TRY(role, in_field("role", directory::parse_role(role_text)));
    BULLA_TRY(domains, read_domains(context, in, role, address));
    BULLA_CHECK(in.finish());
    BULLA_CHECK(
        in_field(in.has("login") ? "login" : "address", check_new_login(context, {}, login)));
    BULLA_CHECK(check_address(context, login, address, role));
    BULLA_TRY(password, make_password(context, given));
    const auto rows = [login = login,
                       address = address.text(),
                       role_text = role_text,
                       domains = domains,
                       hash = password.hash,
                       one_time = !password.one_time.empty(),
                       now = to_micros(context.clock.now())](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(store_domains(tx, login, domains));
        return tx.run(
            "insert into account (login, address, role, password, one_time, disabled, created) "
            "values (:login, :address, :role, :password, :one_time, 0, :created)",
            {login, address, role_text, hash, one_time ? 1 : 0, now});
    };
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "account.add",
                               .target = login,
                               .detail = {{"address", address.text()}, {"role", role_text}},
                               .rows = rows}));
    return with_one_time(
        {{"login", login}, {"address", address.text()}, {"role", role_text}, {"domains", domains}},
        password);
}

// {"login", "password"?} → {"login", "one_time_password"?, "sessions_ended", "tokens_revoked"}: all sessions and API tokens of the account
// end. Errors: account.missing, account.weak_password.
Result<json> set_account_password(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, find_login(context, in));
    BULLA_TRY(given, in.text_or("password", "", 4096));
    BULLA_CHECK(in.finish());
    BULLA_TRY(password, make_password(context, given));
    BULLA_TRY(ended, count_access(context, login));
    const auto rows = [login = login, hash = password.hash, one_time = !password.one_time.empty()](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(end_access(tx, login));
        return tx.run(
            "update account set password = :password, one_time = :one_time where login = :login",
            {hash, one_time ? 1 : 0, login});
    };
    BULLA_CHECK(commit_change(
        context,
        caller,
        {.action = "account.passwd", .target = login, .detail = ended, .rows = rows}));
    json out = ended;
    out["login"] = login;
    return with_one_time(std::move(out), password);
}

}  // namespace bulla::services

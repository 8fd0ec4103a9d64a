#include "directory/load.h"
#include "services/account.h"
#include "services/change.h"
#include "services/lookup.h"
#include "services/table.h"
#include "services/totp.h"

namespace bulla::services {

namespace {

/// The account of the call's "login" as it is in force. Errors: account.missing.
Result<std::shared_ptr<const directory::Account>> find_account(ServiceContext& context,
                                                               Arguments& in) {
    BULLA_TRY(login, find_login(context, in));
    auto account = context.snapshots.current()->find_account(login);
    if (account == nullptr || account->login != login) {
        return fail("account.unreadable",
                    Fault::us,
                    "the account " + login + " is not in force: see `bulla status`");
    }
    return account;
}

Result<void> change_account(ServiceContext& context,
                            const Caller& caller,
                            const std::string& action,
                            const std::string& login,
                            json detail,
                            seal::Rider rows) {
    return commit_change(
        context,
        caller,
        {.action = action, .target = login, .detail = std::move(detail), .rows = std::move(rows)});
}

/// Where a login stands in rows beside its account's.
constexpr std::string_view renames[] = {
    "update account_domain set login = :new where login = :old",
    "update api_token set login = :new where login = :old",
};

constexpr std::string_view removals[] = {
    "delete from account_domain where login = :login",
    "delete from account_totp where login = :login",
    "delete from account where login = :login",
};

Result<void> move_rows(store::Tx& tx,
                       const std::string& old_login,
                       const std::string& new_login,
                       const std::string& totp) {
    for (const std::string_view sql : renames) {
        BULLA_CHECK(tx.run(sql, {new_login, old_login}));
    }
    BULLA_CHECK(tx.run("update setting set scope = :new where scope = :old",
                       {"account:" + new_login, "account:" + old_login}));
    BULLA_CHECK(
        tx.run("update account_totp set login = :new, sealed = :sealed where login = :login",
               {new_login, totp, old_login}));
    BULLA_CHECK(end_access(tx, old_login, {.tokens = true}));
    return tx.run("update account set login = :new where login = :old", {new_login, old_login});
}

}  // namespace

// {"login", "role", "domains"?} → {"login", "role", "domains", "sessions_ended", "tokens_revoked"}: with another role all sessions and API
// tokens of the account end, for what was let in as a user must not become an administrator unseen. Errors: account.missing,
// account.last_admin, account.foreign_domain, account.no_domain_admin, domain.missing, role.bad.
Result<json> set_account_role(ServiceContext& context,
                              const Caller& caller,
                              const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(account, find_account(context, in));
    BULLA_TRY(role_text, in.text("role", 16));
    BULLA_TRY(role, in_field("role", directory::parse_role(role_text)));
    BULLA_TRY(domains, read_domains(context, in, role, account->address));
    BULLA_CHECK(in.finish());
    BULLA_CHECK(check_address(context, account->login, account->address, role));
    if (role != directory::AccountRole::admin) {
        BULLA_CHECK(check_other_admin(context, account->login));
    }
    json ended = json{{"sessions_ended", 0}, {"tokens_revoked", 0}};
    const bool other = role != account->role;
    if (other) {
        BULLA_TRY(counted, count_access(context, account->login));
        ended = std::move(counted);
    }
    const auto rows = [login = account->login, role_text = role_text, domains = domains, other](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(store_domains(tx, login, domains));
        if (other) {
            BULLA_CHECK(end_access(tx, login));
        }
        return tx.run("update account set role = :role where login = :login", {role_text, login});
    };
    json detail = {{"role", role_text}};
    if (!domains.empty()) {
        detail["domains"] = domains;
    }
    if (other) {
        detail.update(ended);
    }
    BULLA_CHECK(
        change_account(context, caller, "account.role", account->login, std::move(detail), rows));
    ended.update(json{{"login", account->login}, {"role", role_text}, {"domains", domains}});
    return ended;
}

// {"login", "disabled"?} → {"login", "disabled", "sessions_ended", "tokens_revoked"}: all sessions and API tokens of a disabled account end,
// and enabling it brings none back. Errors: account.missing, account.last_admin.
Result<json> set_account_disabled(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, find_login(context, in));
    BULLA_TRY(disabled, in.flag_or("disabled", true));
    BULLA_CHECK(in.finish());
    if (disabled) {
        BULLA_CHECK(check_other_admin(context, login));
    }
    BULLA_TRY(ended, count_access(context, login));
    const auto rows = [login = login, disabled = disabled](store::Tx& tx,
                                                           const seal::Committed&) -> Result<void> {
        if (disabled) {
            BULLA_CHECK(end_access(tx, login));
        }
        return tx.run("update account set disabled = :disabled where login = :login",
                      {disabled ? 1 : 0, login});
    };
    BULLA_CHECK(change_account(context,
                               caller,
                               disabled ? "account.disable" : "account.enable",
                               login,
                               disabled ? ended : json::object(),
                               rows));
    json out = disabled ? ended : json{{"sessions_ended", 0}, {"tokens_revoked", 0}};
    out.update(json{{"login", login}, {"disabled", disabled}});
    return out;
}

// {"login", "address"} → {"login", "address"}. Errors: account.missing, account.address_taken, account.foreign_domain, mailbox.bad.
Result<json> set_account_address(ServiceContext& context,
                                 const Caller& caller,
                                 const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(account, find_account(context, in));
    BULLA_TRY(text, in.text("address", 320));
    BULLA_CHECK(in.finish());
    BULLA_TRY(address, in_field("address", Mailbox::parse(text)));
    BULLA_CHECK(check_address(context, account->login, address, account->role));
    const auto rows = [login = account->login, address = address.text()](store::Tx& tx,
                                                                         const seal::Committed&) {
        return tx.run("update account set address = :address where login = :login",
                      {address, login});
    };
    BULLA_CHECK(change_account(context,
                               caller,
                               "account.address",
                               account->login,
                               {{"address", address.text()}, {"before", account->address.text()}},
                               rows));
    return json{{"login", account->login}, {"address", address.text()}};
}

// {"login", "new_login"} → {"login"}: sessions end; settings, API tokens and second factor stay. Errors: account.missing,
// account.exists, account.bad_login.
Result<json> rename_account(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, find_login(context, in));
    BULLA_TRY(text, in.text("new_login", 191));
    BULLA_CHECK(in.finish());
    BULLA_TRY(new_login, in_field("new_login", parse_login(text)));
    BULLA_CHECK(in_field("new_login", check_new_login(context, login, new_login)));
    std::string totp;
    BULLA_TRY(secret, load_totp(context, login));
    if (secret) {
        totp = seal_totp(context, new_login, secret->secret);
    }
    const auto rows = [login = login, new_login = new_login, totp](store::Tx& tx,
                                                                   const seal::Committed&) {
        return move_rows(tx, login, new_login, totp);
    };
    BULLA_CHECK(
        change_account(context, caller, "account.rename", login, {{"login", new_login}}, rows));
    return json{{"login", new_login}};
}

// {"login"} → {"login"}: what is archived stays. Errors: account.missing, account.last_admin.
Result<json> remove_account(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, find_login(context, in));
    BULLA_CHECK(in.finish());
    BULLA_CHECK(check_other_admin(context, login));
    const auto account = context.snapshots.current()->find_account(login);
    const auto rows = [login = login](store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(end_access(tx, login));
        BULLA_CHECK(tx.run("delete from setting where scope = :scope", {"account:" + login}));
        for (const std::string_view sql : removals) {
            BULLA_CHECK(tx.run(sql, {login}));
        }
        return {};
    };
    BULLA_CHECK(change_account(context,
                               caller,
                               "account.remove",
                               login,
                               {{"address", account ? account->address.text() : ""}},
                               rows));
    return json{{"login", login}};
}

}  // namespace bulla::services

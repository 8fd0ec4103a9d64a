#include "services/account.h"

#include "directory/load.h"
#include "services/change.h"
#include "services/lookup.h"
#include "services/table.h"
#include "vault/password.h"

#include <algorithm>

namespace bulla::services {

Result<std::string> parse_login(std::string_view text) {
    const auto bad = [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == ':' || c == '"';
    };
    std::string login(text);
    std::ranges::transform(login, login.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    if (login.empty() || login.size() > 191 - 8 || std::ranges::any_of(login, bad)) {
        return fail(
            "account.bad_login",
            Fault::sender,
            "a login has 1 to 183 octets without blanks, colons, quotes and control characters");
    }
    return login;
}

Result<void> check_password(std::string_view password) {
    if (password.size() < 8 || password.size() > 1024) {
        return fail("account.weak_password", Fault::sender, "a password has 8 to 1024 octets");
    }
    return {};
}

std::string make_one_time_password(Random& random) {
    // No letters that look alike; 32 of them, so that each takes five bits.
    constexpr std::string_view alphabet = "abcdefghjkmnpqrstuvwxyz123456789";
    static_assert(alphabet.size() == 32);
    std::string out;
    for (const char octet : random.bytes(20)) {
        out += out.size() % 6 == 5 ? "-" : "";
        out += alphabet[static_cast<unsigned char>(octet) % 32];
    }
    return out;
}

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
        BULLA_CHECK(check_password(given));
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

Result<void> check_new(ServiceContext& context,
                       const std::string& login,
                       const Mailbox& address,
                       directory::AccountRole role) {
    BULLA_TRY(exists, has_account(context, login));
    if (exists) {
        return fail("account.exists", Fault::sender, "the account " + login + " is there already");
    }
    if (context.snapshots.current()->find_address(address) != nullptr) {
        return fail("account.address_taken",
                    Fault::sender,
                    address.text() + " is the address of another account");
    }
    BULLA_TRY(local, has_domain(context, address.domain().ascii()));
    // Who sends mail through us needs an address that is ours to give; administrators and auditors only get mail there.
    const bool sends =
        role == directory::AccountRole::user || role == directory::AccountRole::domain_admin;
    if (!local && sends) {
        return fail("account.foreign_domain",
                    Fault::sender,
                    address.domain().ascii() +
                        " is no domain of this instance: `bulla domain add` it first");
    }
    return {};
}

/// The account of the call's "login". Errors: account.missing.
Result<std::string> find_login(ServiceContext& context, Arguments& in) {
    BULLA_TRY(text, in.text("login", 191));
    BULLA_TRY(login, parse_login(text));
    BULLA_TRY(exists, has_account(context, login));
    if (!exists) {
        return fail("account.missing", Fault::sender, "there is no account " + login);
    }
    return login;
}

Result<void> check_other_admin(ServiceContext& context, const std::string& login) {
    BULLA_TRY(
        others,
        count_rows(
            context,
            "select count(*) from account where role = 'admin' and disabled = 0 and login <> :key",
            login));
    if (others == 0) {
        return fail("account.last_admin",
                    Fault::sender,
                    login + " is the last administrator: make another one first");
    }
    return {};
}

}  // namespace

// {"address", "login"?, "role"?, "password"?} → {"login", "address", "role", "one_time_password"?}
// Errors: account.exists, account.address_taken, account.foreign_domain, account.weak_password, mailbox.bad, role.bad.
Result<json> add_account(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(address_text, in.text("address", 320));
    BULLA_TRY(login_text, in.text_or("login", address_text, 191));
    BULLA_TRY(role_text, in.text_or("role", "user", 16));
    BULLA_TRY(given, in.text_or("password", "", 4096));
    BULLA_CHECK(in.finish());
    BULLA_TRY(address, Mailbox::parse(address_text));
    BULLA_TRY(login, parse_login(login_text));
    BULLA_TRY(role, directory::parse_role(role_text));
    BULLA_CHECK(check_new(context, login, address, role));
    BULLA_TRY(password, make_password(context, given));
    const auto rows = [login = login,
                       address = address.text(),
                       role_text = role_text,
                       hash = password.hash,
                       one_time = !password.one_time.empty(),
                       now = to_micros(context.clock.now())](store::Tx& tx,
                                                             const seal::Committed&) {
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
    return with_one_time({{"login", login}, {"address", address.text()}, {"role", role_text}},
                         password);
}

// {} → [{"login", "address", "role", "disabled", "one_time_password", "created"}]
Result<json> list_accounts(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_CHECK(Arguments(arguments).finish());
    BULLA_TRY(connection, context.database.lease());
    json out = json::array();
    const auto take = [&](std::tuple<std::string,
                                     std::string,
                                     std::string,
                                     std::int64_t,
                                     std::int64_t,
                                     std::int64_t>&& row) {
        const auto& [login, address, role, one_time, disabled, created] = row;
        out.push_back({{"login", login},
                       {"address", address},
                       {"role", role},
                       {"one_time_password", one_time != 0},
                       {"disabled", disabled != 0},
                       {"created", created}});
        return true;
    };
    BULLA_CHECK((connection->visit<std::string,
                                   std::string,
                                   std::string,
                                   std::int64_t,
                                   std::int64_t,
                                   std::int64_t>(
        "select login, address, role, one_time, disabled, created from account order by login",
        {},
        take)));
    return out;
}

// {"login", "password"?} → {"login", "one_time_password"?}. Errors: account.missing, account.weak_password.
Result<json> set_account_password(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, find_login(context, in));
    BULLA_TRY(given, in.text_or("password", "", 4096));
    BULLA_CHECK(in.finish());
    BULLA_TRY(password, make_password(context, given));
    const auto rows = [login = login, hash = password.hash, one_time = !password.one_time.empty()](
                          store::Tx& tx, const seal::Committed&) {
        return tx.run(
            "update account set password = :password, one_time = :one_time where login = :login",
            {hash, one_time ? 1 : 0, login});
    };
    BULLA_CHECK(commit_change(
        context, caller, {.action = "account.passwd", .target = login, .rows = rows}));
    return with_one_time({{"login", login}}, password);
}

// {"login", "role"} → {"login", "role"}. Errors: account.missing, account.last_admin, role.bad.
Result<json> set_account_role(ServiceContext& context,
                              const Caller& caller,
                              const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(login, find_login(context, in));
    BULLA_TRY(role_text, in.text("role", 16));
    BULLA_CHECK(in.finish());
    BULLA_TRY(role, directory::parse_role(role_text));
    if (role != directory::AccountRole::admin) {
        BULLA_CHECK(check_other_admin(context, login));
    }
    const auto rows = [login = login, role_text = role_text](store::Tx& tx,
                                                             const seal::Committed&) {
        return tx.run("update account set role = :role where login = :login", {role_text, login});
    };
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "account.role",
                               .target = login,
                               .detail = {{"role", role_text}},
                               .rows = rows}));
    return json{{"login", login}, {"role", role_text}};
}

// {"login", "disabled"?} → {"login", "disabled"}. Errors: account.missing, account.last_admin.
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
    const auto rows = [login = login, disabled = disabled](store::Tx& tx, const seal::Committed&) {
        return tx.run("update account set disabled = :disabled where login = :login",
                      {disabled ? 1 : 0, login});
    };
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "account.disable",
                               .target = login,
                               .detail = {{"disabled", disabled}},
                               .rows = rows}));
    return json{{"login", login}, {"disabled", disabled}};
}

}  // namespace bulla::services

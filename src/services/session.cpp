#include "services/session.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "services/change.h"

#include <algorithm>
#include <sstream>

namespace bulla::services {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t secret_octets = 32;
constexpr std::chrono::microseconds longest_session = 24h * 7;
constexpr std::chrono::microseconds longest_idle = 12h;
constexpr std::chrono::microseconds seen_every = 1min;
constexpr std::int64_t most_sessions = 50;

std::unexpected<Error> no_session() {
    return fail("auth.no_session", Fault::sender, "log in first: there is no such session");
}

/// Rows: sessions that are over, and the oldest of an account that has very many.
Result<void> clear_sessions(store::Tx& tx, const std::string& login, Time now) {
    BULLA_CHECK(tx.run("delete from login_session where expires < :now or last_seen < :idle",
                       {to_micros(now), to_micros(now - longest_idle)}));
    BULLA_TRY(border,
              tx.query_first<std::int64_t>(
                  "select created from login_session where login = :login order by created desc "
                  "limit 1 offset " +
                      std::to_string(most_sessions - 1),
                  {login}));
    return border ? tx.run("delete from login_session where login = :login and created <= :created",
                           {login, std::get<0>(*border)})
                  : Result<void>();
}

Result<Principal> make_principal(ServiceContext& context, const std::string& login) {
    const auto account = context.snapshots.current()->find_account(login);
    if (account == nullptr || account->login != login || account->disabled) {
        return no_session();
    }
    return Principal{.login = login,
                     .role = account->role,
                     .domains = account->domains,
                     .scopes = {"*"},
                     .must_change_password = account->one_time_password};
}

std::string address_of(ServiceContext& context, const std::string& login) {
    const auto account = context.snapshots.current()->find_account(login);
    return account ? account->address.text() : std::string();
}

/// That it was seen is not worth failing for.
void note_seen(ServiceContext& context, std::string_view sql, const std::string& hash, Time now) {
    const auto noted =
        commit_rows(context, [sql, hash, now](store::Tx& tx, const seal::Committed&) {
            return tx.run(sql, {to_micros(now), hash});
        });
    static_cast<void>(noted);
}

bool is_due(std::int64_t last, Time now) {
    return from_micros(last) + seen_every <= now;
}

}  // namespace

std::string digest_secret(std::string_view secret) {
    return hex_encode(crypto::view(crypto::sha256(secret)));
}

Result<NewSession> open_session(ServiceContext& context,
                                const directory::Account& account,
                                const std::string& user_agent,
                                const std::string& address) {
    const Time now = context.clock.now();
    NewSession out{.secret = hex_encode(context.random.bytes(secret_octets)),
                   .expires = now + longest_session};
    const auto rows = [hash = digest_secret(out.secret),
                       login = account.login,
                       user_agent,
                       address,
                       now,
                       expires = out.expires](store::Tx& tx,
                                              const seal::Committed&) -> Result<void> {
        BULLA_CHECK(clear_sessions(tx, login, now));
        BULLA_CHECK(tx.run("update account set last_login = :now where login = :login",
                           {to_micros(now), login}));
        return tx.run(
            "insert into login_session (hash, login, created, last_seen, expires, user_agent, "
            "address) values (:hash, :login, :created, :seen, :expires, :agent, :address)",
            {hash, login, to_micros(now), to_micros(now), to_micros(expires), user_agent, address});
    };
    BULLA_CHECK(commit_change(context,
                              Caller{account.login},
                              {.action = "auth.login",
                               .target = account.login,
                               .detail = {{"client", address}},
                               .rows = rows,
                               .deciding = false}));
    return out;
}

Result<Credential> find_session(ServiceContext& context,
                                std::string_view secret,
                                Activity activity) {
    const std::string hash = digest_secret(secret);
    const Time now = context.clock.now();
    std::string login;
    std::int64_t seen = 0;
    std::int64_t expires = 0;
    {
        BULLA_TRY(connection, context.database.lease());
        BULLA_TRY(
            row,
            (connection->query_first<std::string, std::int64_t, std::int64_t>(
                "select login, last_seen, expires from login_session where hash = :hash", {hash})));
        if (!row) {
            return no_session();
        }
        std::tie(login, seen, expires) = *row;
    }
    if (expires <= to_micros(now) || from_micros(seen) + longest_idle <= now) {
        return no_session();
    }
    BULLA_TRY(principal, make_principal(context, login));
    if (activity == Activity::counts && is_due(seen, now)) {
        note_seen(
            context, "update login_session set last_seen = :now where hash = :hash", hash, now);
    }
    return Credential{.principal = std::move(principal),
                      .id = hash.substr(0, id_digits),
                      .address = address_of(context, login),
                      .expires = expires};
}

Result<Credential> find_token(ServiceContext& context, std::string_view secret, Activity activity) {
    const std::string hash = digest_secret(secret);
    const Time now = context.clock.now();
    std::string login;
    std::string scopes;
    std::int64_t expires = 0;
    std::int64_t used = 0;
    {
        BULLA_TRY(connection, context.database.lease());
        BULLA_TRY(row,
                  (connection->query_first<std::string, std::string, std::int64_t, std::int64_t>(
                      "select login, scopes, expires, last_used from api_token where hash = :hash",
                      {hash})));
        if (!row) {
            return no_session();
        }
        std::tie(login, scopes, expires, used) = *row;
    }
    if (expires != 0 && expires <= to_micros(now)) {
        return no_session();
    }
    BULLA_TRY(principal, make_principal(context, login));
    principal.by_token = true;
    principal.scopes.clear();
    std::istringstream words(scopes);
    for (std::string word; words >> word;) {
        principal.scopes.push_back(word);
    }
    if (activity == Activity::counts && is_due(used, now)) {
        note_seen(context, "update api_token set last_used = :now where hash = :hash", hash, now);
    }
    return Credential{.principal = std::move(principal),
                      .id = hash.substr(0, id_digits),
                      .address = address_of(context, login),
                      .expires = expires};
}

}  // namespace bulla::services

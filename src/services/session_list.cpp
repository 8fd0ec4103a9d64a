#include "services/account.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/session.h"
#include "services/table.h"

namespace bulla::services {
namespace {

struct SessionRow {
    std::string hash, login;
    std::int64_t created, last_seen, expires;
    std::string user_agent, address;
};

Result<std::vector<SessionRow>> load_sessions(ServiceContext& context) {
    BULLA_TRY(connection, context.database.lease());
    std::vector<SessionRow> out;
    const auto take = [&](std::tuple<std::string,
                                     std::string,
                                     std::int64_t,
                                     std::int64_t,
                                     std::int64_t,
                                     std::string,
                                     std::string>&& row) {
        out.push_back(std::make_from_tuple<SessionRow>(std::move(row)));
        return true;
    };
    BULLA_CHECK((connection->visit<std::string,
                                   std::string,
                                   std::int64_t,
                                   std::int64_t,
                                   std::int64_t,
                                   std::string,
                                   std::string>(
        "select hash, login, created, last_seen, expires, user_agent, address from login_session "
        "order by login, created",
        {},
        take)));
    return out;
}

bool manages_login(const ServiceContext& context, const Caller& caller, const std::string& login) {
    const auto account = context.snapshots.current()->find_account(login);
    return account ? manages_account(caller, *account) : caller.principal == nullptr;
}

}  // namespace

// {"login"?} → [{"id", "login", "created", "last_seen", "expires", "user_agent", "address"}]
Result<json> list_sessions(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(wanted, in.text_or("login", "", 191));
    BULLA_CHECK(in.finish());
    BULLA_TRY(rows, load_sessions(context));
    const std::int64_t now = to_micros(context.clock.now());
    json out = json::array();
    for (const SessionRow& row : rows) {
        const bool shown = (wanted.empty() || row.login == wanted) && row.expires > now &&
                           manages_login(context, caller, row.login);
        if (shown) {
            out.push_back({{"id", row.hash.substr(0, id_digits)},
                           {"login", row.login},
                           {"created", json_time(row.created)},
                           {"last_seen", json_time(row.last_seen)},
                           {"expires", json_time(row.expires)},
                           {"user_agent", row.user_agent},
                           {"address", row.address}});
        }
    }
    return out;
}

// {"id"} or {"login"} → {"revoked"}: one session, or all of an account. Errors: session.missing, service.bad_argument.
Result<json> revoke_sessions(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(id, in.text_or("id", "", 64));
    BULLA_TRY(login, in.text_or("login", "", 191));
    BULLA_CHECK(in.finish());
    if (id.empty() == login.empty()) {
        return fail("service.bad_argument", Fault::sender, "either id or login is needed");
    }
    BULLA_TRY(rows, load_sessions(context));
    std::vector<std::string> hashes;
    std::string target = login;
    for (const SessionRow& row : rows) {
        const bool meant = id.empty() ? row.login == login : row.hash.substr(0, id_digits) == id;
        if (meant && manages_login(context, caller, row.login)) {
            hashes.push_back(row.hash);
            target = row.login;
        }
    }
    if (hashes.empty() && !id.empty()) {
        return fail("session.missing", Fault::sender, "there is no session " + id);
    }
    const std::size_t count = hashes.size();
    if (count != 0) {
        const auto remove = [hashes](store::Tx& tx, const seal::Committed&) -> Result<void> {
            for (const std::string& hash : hashes) {
                BULLA_CHECK(tx.run("delete from login_session where hash = :hash", {hash}));
            }
            return {};
        };
        BULLA_CHECK(commit_change(context,
                                  caller,
                                  {.action = "session.revoke",
                                   .target = target,
                                   .detail = {{"sessions", count}},
                                   .rows = remove,
                                   .deciding = false}));
    }
    return json{{"revoked", count}};
}

}  // namespace bulla::services

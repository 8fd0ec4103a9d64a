#include "services/access.h"
#include "services/json_time.h"
#include "services/readable_names.h"
#include "services/table.h"

#include <map>
#include <set>

namespace bulla::services {
namespace {

struct AccountRow {
    std::string login, address, role;
    std::int64_t one_time, disabled, created, last_login;
};

using Domains = std::multimap<std::string, std::string>;

Result<Domains> load_domains(store::Connection& connection) {
    Domains out;
    BULLA_TRY(rows,
              (connection.query<std::string, std::string>(
                  "select login, domain from account_domain order by login, domain")));
    for (const auto& [login, domain] : rows) {
        out.emplace(login, domain);
    }
    return out;
}

Result<std::set<std::string>> load_second_factors(store::Connection& connection) {
    std::set<std::string> out;
    BULLA_TRY(rows,
              connection.query<std::string>("select login from account_totp where confirmed = 1"));
    for (const auto& [login] : rows) {
        out.insert(login);
    }
    return out;
}

json describe(const AccountRow& row, const Domains& domains, bool totp) {
    json administers = json::array();
    const auto [first, last] = domains.equal_range(row.login);
    for (auto at = first; at != last; ++at) {
        administers.push_back(at->second);
    }
    json out{{"login", row.login},
             {"address", row.address},
             {"role", row.role},
             {"domains", std::move(administers)},
             {"one_time_password", row.one_time != 0},
             {"disabled", row.disabled != 0},
             {"totp", totp},
             {"created", json_time(row.created)},
             {"last_login", json_time(row.last_login)}};
    add_names(out, {"address", "domains"});
    return out;
}

}  // namespace

// {} → [{"login", "address", "role", "domains", "one_time_password", "disabled", "totp", "created", "last_login"}]
Result<json> list_accounts(ServiceContext& context, const Caller& caller, const json& arguments) {
    BULLA_CHECK(Arguments(arguments).finish());
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(domains, load_domains(*connection));
    BULLA_TRY(second_factors, load_second_factors(*connection));
    json out = json::array();
    const auto take = [&](std::tuple<std::string,
                                     std::string,
                                     std::string,
                                     std::int64_t,
                                     std::int64_t,
                                     std::int64_t,
                                     std::int64_t>&& row) {
        const auto account = std::make_from_tuple<AccountRow>(std::move(row));
        if (sees_account(caller, account.login, account.address)) {
            out.push_back(describe(account, domains, second_factors.contains(account.login)));
        }
        return true;
    };
    BULLA_CHECK((connection->visit<std::string,
                                   std::string,
                                   std::string,
                                   std::int64_t,
                                   std::int64_t,
                                   std::int64_t,
                                   std::int64_t>(
        "select login, address, role, one_time, disabled, created, last_login from account order "
        "by login",
        {},
        take)));
    return out;
}

}  // namespace bulla::services

#include "names/domain.h"

#include "base/plural.h"
#include "services/access.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/lookup.h"
#include "services/readable_names.h"
#include "services/table.h"

#include <fmt/format.h>

namespace bulla::services {

// {"name"} → {"name"}. Errors: domain.bad, domain.exists.
Result<json> add_domain(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(text, in.text("name", 253));
    BULLA_CHECK(in.finish());
    BULLA_TRY(domain, in_field("name", DomainName::parse(text)));
    const std::string name = domain.ascii();
    BULLA_TRY(exists, has_domain(context, name));
    if (exists) {
        return refuse("name", "domain.exists", name + " is there already");
    }
    const std::int64_t now = to_micros(context.clock.now());
    const auto rows = [name, now](store::Tx& tx, const seal::Committed&) {
        return tx.run("insert into domain (name, created) values (:name, :created)", {name, now});
    };
    BULLA_CHECK(
        commit_change(context, caller, {.action = "domain.add", .target = name, .rows = rows}));
    return json{{"name", name}};
}

// {} → [{"name", "created", "disabled", "accounts", "dkim_keys"}]
Result<json> list_domains(ServiceContext& context, const Caller& caller, const json& arguments) {
    BULLA_CHECK(Arguments(arguments).finish());
    BULLA_TRY(connection, context.database.lease());
    json out = json::array();
    const auto take =
        [&](std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t>&& row) {
            const auto& [name, created, disabled, accounts, keys] = row;
            if (sees_domain(caller, name)) {
                out.push_back({{"name", name},
                               {"created", json_time(created)},
                               {"disabled", disabled != 0},
                               {"accounts", accounts},
                               {"dkim_keys", keys}});
                add_names(out.back(), {"name"});
            }
            return true;
        };
    BULLA_CHECK(
        (connection->visit<std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t>(
            "select d.name, d.created, d.disabled, (select count(*) from account a where a.address "
            "like '%@' || "
            "d.name), "
            "(select count(*) from dkim_key k where k.domain = d.name and k.active = 1) from "
            "domain d "
            "order by d.name",
            {},
            take)));
    return out;
}

namespace {

Result<std::string> find_domain(ServiceContext& context, const std::string& text) {
    BULLA_TRY(domain, DomainName::parse(text));
    BULLA_TRY(exists, has_domain(context, domain.ascii()));
    if (!exists) {
        return fail("domain.missing", Fault::sender, "there is no domain " + domain.ascii());
    }
    return domain.ascii();
}

Result<void> check_unused(ServiceContext& context, const std::string& name, bool force) {
    BULLA_TRY(
        accounts,
        count_rows(context, "select count(*) from account where address like '%@' || :key", name));
    if (accounts != 0) {
        return fail(
            "domain.in_use",
            Fault::sender,
            fmt::format("{} in {}: remove them or give them others first",
                        plural(accounts, "account has an address", "accounts have addresses"),
                        name));
    }
    BULLA_TRY(keys, count_rows(context, "select count(*) from dkim_key where domain = :key", name));
    if (keys != 0 && !force) {
        return fail(
            "domain.has_keys",
            Fault::sender,
            fmt::format("{} has {} DKIM keys: remove them first, or use --force", name, keys));
    }
    return {};
}

}  // namespace

// {"name", "force"?} → {"name"}. Errors: domain.missing, domain.in_use, domain.has_keys.
Result<json> remove_domain(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(text, in.text("name", 253));
    BULLA_TRY(force, in.flag_or("force", false));
    BULLA_CHECK(in.finish());
    BULLA_TRY(name, find_domain(context, text));
    BULLA_CHECK(check_unused(context, name, force));
    const auto rows = [name = name, scope = "domain:" + name](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_TRY(
            selectors,
            tx.query<std::string>("select selector from dkim_key where domain = :domain", {name}));
        for (const auto& [selector] : selectors) {
            BULLA_CHECK(tx.run("delete from vault_item where kind = 'dkim' and id = :id",
                               {fmt::format("{}/{}", name, selector)}));
        }
        BULLA_CHECK(tx.run("delete from dkim_key where domain = :domain", {name}));
        BULLA_CHECK(tx.run("delete from setting where scope = :scope", {scope}));
        BULLA_CHECK(tx.run("delete from account_domain where domain = :domain", {name}));
        return tx.run("delete from domain where name = :name", {name});
    };
    BULLA_CHECK(
        commit_change(context, caller, {.action = "domain.remove", .target = name, .rows = rows}));
    return json{{"name", name}};
}

// {"name", "disabled"?} → {"name", "disabled"}: no mail is taken for it and its users cannot log in; administrators and auditors can.
// Error: domain.missing.
Result<json> set_domain_disabled(ServiceContext& context,
                                 const Caller& caller,
                                 const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(text, in.text("name", 253));
    BULLA_TRY(disabled, in.flag_or("disabled", true));
    BULLA_CHECK(in.finish());
    BULLA_TRY(name, find_domain(context, text));
    const auto rows = [name = name, disabled = disabled](store::Tx& tx, const seal::Committed&) {
        return tx.run("update domain set disabled = :disabled where name = :name",
                      {disabled ? 1 : 0, name});
    };
    BULLA_CHECK(commit_change(
        context,
        caller,
        {.action = disabled ? "domain.disable" : "domain.enable", .target = name, .rows = rows}));
    return json{{"name", name}, {"disabled", disabled}};
}

}  // namespace bulla::services

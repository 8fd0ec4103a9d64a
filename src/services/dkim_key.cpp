#include "crypto/key.h"
#include "directory/load.h"
#include "dkim/key_record.h"
#include "dkim/keygen.h"
#include "names/domain.h"
#include "names/selector.h"
#include "services/access.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/lookup.h"
#include "services/table.h"

#include <fmt/format.h>

namespace bulla::services {
namespace {

struct KeyName {
    DomainName domain;
    Selector selector;

    [[nodiscard]] std::string item() const { return domain.ascii() + "/" + selector.text(); }
};

Result<KeyName> read_name(Arguments& in) {
    BULLA_TRY(domain_text, in.text("domain", 253));
    BULLA_TRY(selector_text, in.text("selector", 128));
    BULLA_TRY(domain, DomainName::parse(domain_text));
    BULLA_TRY(selector, Selector::parse(selector_text));
    return KeyName{domain, selector};
}

Result<bool> has_key(ServiceContext& context, const KeyName& name) {
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(row,
              connection->query_first<std::int64_t>(
                  "select 1 from dkim_key where domain = :domain and selector = :selector",
                  {name.domain.ascii(), name.selector.text()}));
    return row.has_value();
}

Result<void> check_there(ServiceContext& context, const KeyName& name) {
    BULLA_TRY(exists, has_key(context, name));
    if (!exists) {
        return fail("dkim_key.missing",
                    Fault::sender,
                    fmt::format("{} has no DKIM key with the selector {}",
                                name.domain.ascii(),
                                name.selector.text()));
    }
    return {};
}

/// What to publish.
Result<json> record_of(const std::string& domain,
                       const std::string& selector,
                       const crypto::PublicKey& key) {
    BULLA_TRY(text, dkim::write_key_record(key));
    const std::string name = selector + "._domainkey." + domain;
    return json{{"name", name},
                {"type", "TXT"},
                {"value", text},
                {"zone_line", dkim::write_zone_line(name, text)}};
}

Result<std::shared_ptr<crypto::PrivateKey>> make_key(Arguments& in) {
    BULLA_TRY(pem, in.text_or("private_key", "", 65536));
    BULLA_TRY(type_text, in.text_or("type", "rsa", 16));
    BULLA_TRY(bits, in.whole_or("bits", 0));
    if (!pem.empty()) {
        BULLA_TRY(key, crypto::PrivateKey::parse_pem(pem));
        const auto& made = key->public_key();
        // A shorter key may be in use already, and is better than none; a longer one would fail where nobody looks.
        if (made.bits() > static_cast<std::size_t>(dkim::most_key_bits)) {
            BULLA_CHECK(dkim::check_key_bits(made.type(), static_cast<std::int64_t>(made.bits())));
        }
        return key;
    }
    BULLA_TRY(type, crypto::parse_key_type(type_text));
    return dkim::make_key(type, bits);
}

Result<void> deactivate_others(store::Tx& tx,
                               const std::string& domain,
                               std::string_view algorithm) {
    return tx.run(
        "update dkim_key set active = 0 where domain = :domain and algorithm = :algorithm",
        {domain, algorithm});
}

/// The rows of a key.
struct NewKey {
    std::string domain, selector, algorithm;
    std::string pem;     ///< the public key
    std::string sealed;  ///< the private key
    bool active = false;
    std::int64_t now = 0;
};

Result<void> insert_key(store::Tx& tx, const NewKey& key) {
    if (key.active) {
        BULLA_CHECK(deactivate_others(tx, key.domain, key.algorithm));
    }
    BULLA_CHECK(
        tx.run("insert into vault_item (kind, id, sealed, created) values ('dkim', :id, :sealed, "
               ":created)",
               {key.domain + "/" + key.selector, key.sealed, key.now}));
    return tx.run(
        "insert into dkim_key (domain, selector, algorithm, public_key, active, created) "
        "values (:domain, :selector, :algorithm, :public_key, :active, :created)",
        {key.domain, key.selector, key.algorithm, key.pem, key.active ? 1 : 0, key.now});
}

}  // namespace

// {"domain", "selector", "type"?, "bits"?, "private_key"?, "active"?} → {"domain", "selector", "algorithm", "active", "record"}.
// Errors: domain.missing, dkim_key.exists, dkim.key_type, those of the key.
Result<json> add_dkim_key(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, read_name(in));
    const bool said = in.has("active");
    BULLA_TRY(wanted, in.flag_or("active", true));
    BULLA_TRY(key, make_key(in));
    BULLA_CHECK(in.finish());
    // Making an RSA key takes a second: other changes do not wait for that.
    const std::scoped_lock lock(context.changing);
    const std::string domain = name.domain.ascii();
    BULLA_TRY(local, has_domain(context, domain));
    if (!local) {
        return fail("domain.missing",
                    Fault::sender,
                    domain + " is no domain of this instance: `bulla domain add` it first");
    }
    BULLA_TRY(exists, has_key(context, name));
    if (exists) {
        return fail(
            "dkim_key.exists",
            Fault::sender,
            fmt::format("{} has a key with the selector {} already", domain, name.selector.text()));
    }
    const std::string algorithm(crypto::to_string(key->public_key().type()));
    BULLA_TRY(record, record_of(domain, name.selector.text(), key->public_key()));
    BULLA_TRY(
        in_use,
        count_rows(
            context,
            "select count(*) from dkim_key where active = 1 and domain = :key and algorithm = '" +
                algorithm + "'",
            domain));
    // A second key of a kind waits until its record is published: activate it then, and it takes the place of the first.
    const bool active = said ? wanted : in_use == 0;
    const NewKey made{.domain = domain,
                      .selector = name.selector.text(),
                      .algorithm = algorithm,
                      .pem = key->public_key().pem(),
                      .sealed = context.vault.seal(directory::vault_identity("dkim", name.item()),
                                                   key->pem().view()),
                      .active = active,
                      .now = to_micros(context.clock.now())};
    const auto rows = [made](store::Tx& tx, const seal::Committed&) {
        return insert_key(tx, made);
    };
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "dkim.add",
                               .target = name.item(),
                               .detail = {{"algorithm", algorithm},
                                          {"active", active},
                                          {"fingerprint", key->public_key().fingerprint()}},
                               .rows = rows}));
    return json{{"domain", domain},
                {"selector", name.selector.text()},
                {"algorithm", algorithm},
                {"active", active},
                {"record", record}};
}

// {"domain"?} → [{"domain", "selector", "algorithm", "bits", "active", "created", "record"}]
Result<json> list_dkim_keys(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(wanted, in.text_or("domain", "", 253));
    BULLA_CHECK(in.finish());
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(
        rows,
        (connection->query<std::string,
                           std::string,
                           std::string,
                           std::string,
                           std::int64_t,
                           std::int64_t>("select domain, selector, algorithm, public_key, active, "
                                         "created from dkim_key order by domain, selector")));
    json out = json::array();
    for (const auto& [domain, selector, algorithm, pem, active, created] : rows) {
        if ((!wanted.empty() && wanted != domain) || !sees_domain(caller, domain)) {
            continue;
        }
        BULLA_TRY(key, crypto::PublicKey::parse_pem(pem));
        BULLA_TRY(record, record_of(domain, selector, key));
        out.push_back({{"domain", domain},
                       {"selector", selector},
                       {"algorithm", algorithm},
                       {"bits", key.bits()},
                       {"active", active != 0},
                       {"created", json_time(created)},
                       {"record", record}});
    }
    return out;
}

// {"domain", "selector", "active"?} → {"domain", "selector", "active"}: signs with this key, and no more with others of its algorithm.
Result<json> activate_dkim_key(ServiceContext& context,
                               const Caller& caller,
                               const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, read_name(in));
    BULLA_TRY(active, in.flag_or("active", true));
    BULLA_CHECK(in.finish());
    BULLA_CHECK(check_there(context, name));
    const auto rows = [domain = name.domain.ascii(),
                       selector = name.selector.text(),
                       active = active](store::Tx& tx, const seal::Committed&) -> Result<void> {
        if (active) {
            BULLA_TRY(row,
                      tx.query_first<std::string>("select algorithm from dkim_key where domain = "
                                                  ":domain and selector = :selector",
                                                  {domain, selector}));
            BULLA_CHECK(deactivate_others(tx, domain, row ? std::get<0>(*row) : std::string()));
        }
        return tx.run(
            "update dkim_key set active = :active where domain = :domain and selector = :selector",
            {active ? 1 : 0, domain, selector});
    };
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "dkim.activate",
                               .target = name.item(),
                               .detail = {{"active", active}},
                               .rows = rows}));
    return json{
        {"domain", name.domain.ascii()}, {"selector", name.selector.text()}, {"active", active}};
}

// {"domain", "selector"} → {"domain", "selector"}: the private key is deleted for good.
Result<json> remove_dkim_key(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, read_name(in));
    BULLA_CHECK(in.finish());
    BULLA_CHECK(check_there(context, name));
    const auto rows = [domain = name.domain.ascii(),
                       selector = name.selector.text(),
                       item = name.item()](store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(tx.run("delete from vault_item where kind = 'dkim' and id = :id", {item}));
        return tx.run("delete from dkim_key where domain = :domain and selector = :selector",
                      {domain, selector});
    };
    BULLA_CHECK(commit_change(
        context, caller, {.action = "dkim.remove", .target = name.item(), .rows = rows}));
    return json{{"domain", name.domain.ascii()}, {"selector", name.selector.text()}};
}

}  // namespace bulla::services

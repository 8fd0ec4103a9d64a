#include "services/dkim_key.h"

#include "crypto/key.h"
#include "directory/load.h"
#include "dkim/key_record.h"
#include "dkim/keygen.h"
#include "names/domain.h"
#include "names/selector.h"
#include "pkcs11/token_key.h"
#include "services/access.h"
#include "services/attention.h"
#include "services/change.h"
#include "services/dkim_publication.h"
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
    BULLA_TRY(domain, in_field("domain", DomainName::parse(domain_text)));
    BULLA_TRY(selector, in_field("selector", Selector::parse(selector_text)));
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

/// A key to add: its private half, or where that lies.
struct AddedKey {
    crypto::PublicKey public_half;
    std::shared_ptr<crypto::PrivateKey> private_half = nullptr;  ///< Null: in the token.
    std::string token{};
};

// A shorter key may be in use already, and is better than none; a longer one would fail where nobody looks.
Result<void> check_not_too_long(const crypto::PublicKey& key) {
    if (key.bits() > static_cast<std::size_t>(dkim::most_key_bits)) {
        return dkim::check_key_bits(key.type(), static_cast<std::int64_t>(key.bits()));
    }
    return {};
}

Result<AddedKey> find_in_token(const ServiceContext& context,
                               const Caller& caller,
                               const std::string& uri) {
    // It names files of the server, and keys of other domains in the same token.
    if (caller.principal != nullptr && caller.principal->role != directory::AccountRole::admin) {
        return fail("access.denied",
                    Fault::sender,
                    "only an administrator of the server may take over a key that lies in a token");
    }
    const auto snapshot = context.snapshots.current();
    const auto key = pkcs11::TokenKey::open(uri, {.modules = snapshot->config.pkcs11.modules});
    if (!key) {
        // Who named it is told why it cannot be used, and names another.
        return in_field("token",
                        Result<AddedKey>(fail(
                            key.error().code, Fault::sender, key.error().text, key.error().rfc)));
    }
    BULLA_CHECK(check_not_too_long((*key)->public_key()));
    return AddedKey{.public_half = (*key)->public_key(), .token = uri};
}

// The last arguments of a call.
Result<AddedKey> make_key(const ServiceContext& context, const Caller& caller, Arguments& in) {
    BULLA_TRY(pem, in.text_or("private_key", "", 65536));
    BULLA_TRY(token, in.text_or("token", ""));
    BULLA_TRY(type_text, in.text_or("type", "rsa", 16));
    BULLA_TRY(bits, in.whole_or("bits", 0));
    BULLA_CHECK(in.finish());
    if (!token.empty()) {
        return find_in_token(context, caller, token);
    }
    if (!pem.empty()) {
        BULLA_TRY(key, from_argument("private_key", crypto::PrivateKey::parse_pem(pem)));
        BULLA_CHECK(in_field("private_key", check_not_too_long(key->public_key())));
        return AddedKey{.public_half = key->public_key(), .private_half = key};
    }
    BULLA_TRY(type, from_argument("type", crypto::parse_key_type(type_text)));
    BULLA_TRY(key, in_field("bits", dkim::make_key(type, bits)));
    return AddedKey{.public_half = key->public_key(), .private_half = key};
}

Result<void> retire_others(store::Tx& tx,
                           const std::string& domain,
                           std::string_view algorithm,
                           std::int64_t now) {
    return tx.run(
        "update dkim_key set active = 0, rotating = 0, stage = 'retiring', since = :now "
        "where domain = :domain and algorithm = :algorithm and active = 1",
        {now, domain, algorithm});
}

using LifeRow = std::tuple<std::string,
                           std::string,
                           std::int64_t,
                           std::int64_t,
                           std::int64_t,
                           std::string,
                           std::int64_t>;

Result<void> take_life(DkimKeyRow& key, LifeRow&& row) {
    auto& [selector, stage, since, seen, looked, sight, rotating] = row;
    BULLA_TRY(known, dkim::parse_stage(stage));
    key.stage = known;
    key.since = since == 0 ? key.created : since;
    key.seen = seen;
    key.looked = looked;
    key.sight = std::move(sight);
    key.rotating = rotating != 0;
    return {};
}

}  // namespace

Result<std::vector<DkimKeyRow>> load_dkim_rows(ServiceContext& context, const std::string& domain) {
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(rows,
              (connection->query<std::string,
                                 std::string,
                                 std::string,
                                 std::string,
                                 std::int64_t,
                                 std::string,
                                 std::int64_t,
                                 std::int64_t,
                                 std::int64_t,
                                 std::string,
                                 std::int64_t,
                                 std::string>(
                  "select domain, selector, algorithm, public_key, created, stage, since, seen, "
                  "looked, sight, rotating, token from dkim_key order by domain, selector")));
    std::vector<DkimKeyRow> out;
    for (auto& [name,
                selector,
                algorithm,
                pem,
                created,
                stage,
                since,
                seen,
                looked,
                sight,
                rotating,
                token] : rows) {
        if (!domain.empty() && domain != name) {
            continue;
        }
        DkimKeyRow key{.domain = name,
                       .selector = selector,
                       .algorithm = algorithm,
                       .pem = pem,
                       .created = created,
                       .token = token};
        BULLA_CHECK(take_life(key, {selector, stage, since, seen, looked, sight, rotating}));
        out.push_back(std::move(key));
    }
    return out;
}

Result<void> insert_dkim_key(store::Tx& tx, const NewKey& key) {
    if (key.active) {
        BULLA_CHECK(retire_others(tx, key.domain, key.algorithm, key.now));
    }
    if (key.token.empty()) {
        BULLA_CHECK(
            tx.run("insert into vault_item (kind, id, sealed, created) values ('dkim', "
                   ":id, :sealed, :created)",
                   {key.domain + "/" + key.selector, key.sealed, key.now}));
    }
    return tx.run(
        "insert into dkim_key (domain, selector, algorithm, public_key, active, created, stage, "
        "since, rotating, token) values (:domain, :selector, :algorithm, :public_key, :active, "
        ":created, :stage, :since, :rotating, :token)",
        {key.domain,
         key.selector,
         key.algorithm,
         key.pem,
         key.active ? 1 : 0,
         key.now,
         key.active ? "active" : "next",
         key.now,
         key.rotating ? 1 : 0,
         key.token});
}

Result<void> destroy_private_key(store::Tx& tx,
                                 const std::string& domain,
                                 const std::string& selector) {
    BULLA_CHECK(tx.run("delete from vault_item where kind = 'dkim' and id = :id",
                       {domain + "/" + selector}));
    return tx.run("update dkim_key set token = '' where domain = :domain and selector = :selector",
                  {domain, selector});
}

Result<json> dkim_record_of(const DkimKeyRow& row) {
    BULLA_TRY(key, crypto::PublicKey::parse_pem(row.pem));
    BULLA_TRY(text, dkim::write_key_record(key));
    if (row.stage == dkim::KeyStage::revoked) {
        // RFC 6376 3.6.1: "An empty value means that this public key has been revoked."
        text = fmt::format("v=DKIM1; k={}; p=", row.algorithm);
    }
    const std::string name = row.selector + "._domainkey." + row.domain;
    return json{{"name", name},
                {"type", "TXT"},
                {"value", text},
                {"zone_line", dkim::write_zone_line(name, text)}};
}

std::chrono::seconds dkim_grace(ServiceContext& context, const std::string& domain) {
    constexpr std::int64_t others_queue = 604800;
    const auto snapshot = context.snapshots.current();
    const auto name = DomainName::parse(domain);
    const auto& settings = name ? snapshot->settings_for(*name) : snapshot->settings;
    const auto expiry = settings.dkim_expiry_seconds;
    return std::chrono::seconds(snapshot->config.retry.expire_seconds) +
           std::chrono::seconds(expiry > 0 ? expiry : others_queue);
}

// {"domain", "selector", "type"?, "bits"?, "private_key"?, "token"?, "active"?} → {"domain", "selector", "algorithm", "active", "record", "publication"}.
// "token" is the URI of a key that stays where it is. Errors: domain.missing, dkim_key.exists, dkim.key_type, access.denied, those of the key.
Result<json> add_dkim_key(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(name, read_name(in));
    const bool said = in.has("active");
    BULLA_TRY(wanted, in.flag_or("active", true));
    BULLA_TRY(key, make_key(context, caller, in));
    // Making an RSA key takes a second, and so may a token: other changes do not wait for that.
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
        return refuse(
            "selector",
            "dkim_key.exists",
            fmt::format("{} has a key with the selector {} already", domain, name.selector.text()));
    }
    const std::string algorithm(crypto::to_string(key.public_half.type()));
    BULLA_TRY(record,
              dkim_record_of({.domain = domain,
                              .selector = name.selector.text(),
                              .algorithm = algorithm,
                              .pem = key.public_half.pem()}));
    BULLA_TRY(
        in_use,
        count_rows(
            context,
            "select count(*) from dkim_key where active = 1 and domain = :key and algorithm = '" +
                algorithm + "'",
            domain));
    // A second key of a kind waits until its record is published: activate it then, and it takes the place of the first.
    const bool active = said ? wanted : in_use == 0;
    const NewKey made{
        .domain = domain,
        .selector = name.selector.text(),
        .algorithm = algorithm,
        .pem = key.public_half.pem(),
        .sealed = key.private_half == nullptr
                      ? std::string()
                      : context.vault.seal(directory::vault_identity("dkim", name.item()),
                                           key.private_half->pem().view()),
        .token = key.token,
        .active = active,
        .now = to_micros(context.clock.now())};
    const auto rows = [made](store::Tx& tx, const seal::Committed&) {
        return insert_dkim_key(tx, made);
    };
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "dkim.add",
                               .target = name.item(),
                               .detail = {{"algorithm", algorithm},
                                          {"active", active},
                                          {"token", key.token},
                                          {"fingerprint", key.public_half.fingerprint()}},
                               .rows = rows}));
    BULLA_TRY(publishers, load_publishers(context, std::vector{domain}));
    return json{{"domain", domain},
                {"selector", name.selector.text()},
                {"algorithm", algorithm},
                {"active", active},
                {"record", record},
                {"publication",
                 publication_of(context,
                                publishers,
                                {.domain = domain,
                                 .selector = name.selector.text(),
                                 .algorithm = algorithm,
                                 .pem = made.pem})}};
}

// {"domain"?} → [{"domain", "selector", "algorithm", "bits", "active", "created", "record", "stage", "since", "seen", "looked", "sight",
// "rotating", "record_until", "rotation_due", "token", "publication"}]; "token" is null but for keys in tokens, "publication" (the name server at which bulla publishes the
// record, and why the last try failed) where none is set.
Result<json> list_dkim_keys(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(wanted, in.text_or("domain", "", 253));
    BULLA_CHECK(in.finish());
    BULLA_TRY(rows, load_dkim_rows(context, wanted));
    BULLA_TRY(publishers, load_publishers_of(context, rows));
    const Time now = context.clock.now();
    json out = json::array();
    for (const auto& row : rows) {
        if (!sees_domain(caller, row.domain)) {
            continue;
        }
        BULLA_TRY(key, crypto::PublicKey::parse_pem(row.pem));
        BULLA_TRY(record, dkim_record_of(row));
        const bool active = row.stage == dkim::KeyStage::active;
        const bool retiring = row.stage == dkim::KeyStage::retiring;
        out.push_back(
            {{"domain", row.domain},
             {"selector", row.selector},
             {"algorithm", row.algorithm},
             {"bits", key.bits()},
             {"active", active},
             {"created", json_time(row.created)},
             {"record", record},
             {"stage", dkim::to_string(row.stage)},
             {"since", json_time(row.since)},
             {"seen", json_time(row.seen)},
             {"looked", json_time(row.looked)},
             {"sight", row.sight},
             {"rotating", row.rotating},
             {"record_until",
              retiring ? json_time(from_micros(row.since) + dkim_grace(context, row.domain))
                       : json(nullptr)},
             {"rotation_due", active && now - from_micros(row.since) >= dkim_key_age},
             {"token", row.token.empty() ? json(nullptr) : json(row.token)},
             {"publication", publication_of(context, publishers, row)}});
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
    BULLA_TRY(usable,
              has_row(context,
                      "select 1 from dkim_key k where k.domain || '/' || k.selector = :key and "
                      "(k.token <> '' or exists (select 1 from vault_item v where v.kind = 'dkim' "
                      "and v.id = k.domain || '/' || k.selector))",
                      name.item()));
    if (!usable) {
        return fail("dkim_key.destroyed",
                    Fault::sender,
                    "the private key of " + name.item() + " was destroyed: make another");
    }
    const auto rows = [domain = name.domain.ascii(),
                       selector = name.selector.text(),
                       active = active,
                       now = to_micros(context.clock.now())](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        if (!active) {
            return tx.run(
                "update dkim_key set active = 0, stage = 'next', since = :now where domain = "
                ":domain and selector = :selector and active = 1",
                {now, domain, selector});
        }
        BULLA_TRY(row,
                  tx.query_first<std::string>("select algorithm from dkim_key where domain = "
                                              ":domain and selector = :selector and active = 0",
                                              {domain, selector}));
        if (!row) {
            return {};
        }
        BULLA_CHECK(retire_others(tx, domain, std::get<0>(*row), now));
        return tx.run(
            "update dkim_key set active = 1, rotating = 0, stage = 'active', since = "
            ":now where domain = :domain and selector = :selector",
            {now, domain, selector});
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
    const auto rows = [domain = name.domain.ascii(), selector = name.selector.text()](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(destroy_private_key(tx, domain, selector));
        return tx.run("delete from dkim_key where domain = :domain and selector = :selector",
                      {domain, selector});
    };
    BULLA_CHECK(commit_change(
        context, caller, {.action = "dkim.remove", .target = name.item(), .rows = rows}));
    return json{{"domain", name.domain.ascii()}, {"selector", name.selector.text()}};
}

}  // namespace bulla::services

#include "services/signer.h"

#include "directory/load.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/lookup.h"
#include "services/table.h"

#include <fmt/format.h>

namespace bulla::services {
namespace {

json describe(const std::string& id, const crypto::PublicKey& key) {
    return {{"id", id},
            {"algorithm", crypto::to_string(key.type())},
            {"signature_algorithm", directory::signature_algorithm(key.type())},
            {"bits", key.bits()},
            {"fingerprint", key.fingerprint()},
            {"public_key", key.pem()}};
}

/// The private part: sealed into the vault, unless it stays in its file.
std::string seal_key(ServiceContext& context, const std::string& id, const SignerKey& made) {
    return made.path.empty()
               ? context.vault.seal(directory::vault_identity("signer", id), made.key->pem().view())
               : std::string();
}

Result<void> store_private(store::Tx& tx,
                           const std::string& id,
                           const std::string& sealed,
                           std::int64_t now) {
    BULLA_CHECK(tx.run("delete from vault_item where kind = 'signer' and id = :id", {id}));
    return sealed.empty() ? Result<void>()
                          : tx.run(
                                "insert into vault_item (kind, id, sealed, created) values "
                                "('signer', :id, :sealed, :created)",
                                {id, sealed, now});
}

Result<json> with_public_file(ServiceContext& context,
                              const std::string& id,
                              const SignerKey& made) {
    json out = describe(id, made.key->public_key());
    BULLA_TRY(path, save_public_key(context.config.state_path, id, made.key->public_key()));
    out["public_key_file"] = path;
    out["private_key"] = made.path.empty() ? "vault" : made.path;
    return out;
}

/// 0: there is none; 1: in use; 2: retired.
Result<std::int64_t> signer_state(ServiceContext& context, const std::string& id) {
    return count_rows(
        context, "select case when retired = 0 then 1 else 2 end from signer where id = :key", id);
}

/// The kind of key that a signer has.
Result<KeyWish> present_kind(ServiceContext& context, const std::string& id) {
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(
        row,
        connection->query_first<std::string>("select public_key from signer where id = :id", {id}));
    if (!row) {
        return fail("signer.missing", Fault::sender, "there is no signer " + id);
    }
    BULLA_TRY(key, crypto::PublicKey::parse_pem(std::get<0>(*row)));
    const bool has_sizes = key.type() == crypto::KeyType::rsa || key.type() == crypto::KeyType::dsa;
    return KeyWish{.type = std::string(crypto::to_string(key.type())),
                   .bits = has_sizes ? static_cast<std::int64_t>(key.bits()) : 0};
}

Result<json> add_signer(ServiceContext& context,
                        const Caller& caller,
                        const json& arguments,
                        const char* action) {
    Arguments in(arguments);
    BULLA_TRY(id_text, in.text("id", 64));
    BULLA_TRY(made, read_signer_key(in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(id, in_field("id", parse_id(id_text, "signer.bad_id")));
    BULLA_TRY(state, signer_state(context, id));
    if (state != 0) {
        return refuse(
            "id",
            "signer.exists",
            "the signer " + id + " is there already: `bulla signer rotate` gives it a new key");
    }
    const auto rows = [id = id,
                       key = made.key,
                       path = made.path,
                       sealed = seal_key(context, id, made),
                       now = to_micros(context.clock.now())](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        const crypto::PublicKey& public_key = key->public_key();
        BULLA_CHECK(store_signer_key(tx, id, public_key, now));
        BULLA_CHECK(store_private(tx, id, sealed, now));
        return tx.run(
            "insert into signer (id, algorithm, fingerprint, public_key, private_path, created, "
            "retired) "
            "values (:id, :algorithm, :fingerprint, :public_key, :path, :created, 0)",
            {id,
             crypto::to_string(public_key.type()),
             public_key.fingerprint(),
             public_key.pem(),
             path,
             now});
    };
    const crypto::PublicKey& key = made.key->public_key();
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = action,
                               .target = id,
                               .detail = {{"algorithm", crypto::to_string(key.type())},
                                          {"fingerprint", key.fingerprint()}},
                               .rows = rows}));
    return with_public_file(context, id, made);
}

}  // namespace

// {"id", "type"?, "bits"?} → {"id", "algorithm", "signature_algorithm", "bits", "fingerprint", "public_key", "public_key_file", "private_key"}.
// Errors: signer.bad_id, signer.exists, those of the key.
Result<json> create_signer(ServiceContext& context, const Caller& caller, const json& arguments) {
    if (arguments.is_object() &&
        (arguments.contains("private_key") || arguments.contains("path"))) {
        return fail(
            "service.bad_argument", Fault::sender, "a key that exists is imported, not created");
    }
    return add_signer(context, caller, arguments, "signer.create");
}

// {"id", "private_key" | "path"} → as create_signer.
Result<json> import_signer(ServiceContext& context, const Caller& caller, const json& arguments) {
    if (!arguments.is_object() || arguments.contains("private_key") == arguments.contains("path")) {
        return fail("service.bad_argument",
                    Fault::sender,
                    "either a private key or the path of one is needed");
    }
    return add_signer(context, caller, arguments, "signer.import");
}

// {"id", "type"?, "bits"? | "private_key" | "path"} → as create_signer; without a word, the new key is of the type and size of the one it
// replaces. Old signatures stay good: each names its key, and every public key
// that the signer had stays in signer_key. Errors: signer.missing, signer.retired, signer.key_in_use.
Result<json> rotate_signer(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(id_text, in.text("id", 64));
    BULLA_TRY(id, in_field("id", parse_id(id_text, "signer.bad_id")));
    BULLA_TRY(present, present_kind(context, id));
    BULLA_TRY(made, read_signer_key(in, present));
    BULLA_CHECK(in.finish());
    BULLA_TRY(state, signer_state(context, id));
    if (state != 1) {
        return state == 0
                   ? fail("signer.missing", Fault::sender, "there is no signer " + id)
                   : fail("signer.retired", Fault::sender, "the signer " + id + " is retired");
    }
    const auto rows = [id = id,
                       key = made.key,
                       path = made.path,
                       sealed = seal_key(context, id, made),
                       now = to_micros(context.clock.now())](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        const crypto::PublicKey& public_key = key->public_key();
        BULLA_CHECK(store_signer_key(tx, id, public_key, now));
        BULLA_CHECK(store_private(tx, id, sealed, now));
        return tx.run(
            "update signer set algorithm = :algorithm, fingerprint = :fingerprint, public_key = "
            ":public_key, private_path = :path where id = :id",
            {crypto::to_string(public_key.type()),
             public_key.fingerprint(),
             public_key.pem(),
             path,
             id});
    };
    const crypto::PublicKey& key = made.key->public_key();
    BULLA_CHECK(commit_change(context,
                              caller,
                              {.action = "signer.rotate",
                               .target = id,
                               .detail = {{"algorithm", crypto::to_string(key.type())},
                                          {"fingerprint", key.fingerprint()}},
                               .rows = rows}));
    return with_public_file(context, id, made);
}

// {"id"} → {"id"}: signs no more; its private key is deleted from the vault, its public keys stay. Errors: signer.missing, signer.retired,
// signer.in_use.
Result<json> retire_signer(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(id_text, in.text("id", 64));
    BULLA_CHECK(in.finish());
    BULLA_TRY(id, in_field("id", parse_id(id_text, "signer.bad_id")));
    BULLA_TRY(state, signer_state(context, id));
    if (state != 1) {
        return state == 0 ? fail("signer.missing", Fault::sender, "there is no signer " + id)
                          : fail("signer.retired",
                                 Fault::sender,
                                 "the signer " + id + " is retired already");
    }
    BULLA_TRY(
        groups,
        count_rows(context, "select count(*) from archive_group where archival_signer = :key", id));
    if (groups != 0) {
        return fail(
            "signer.in_use",
            Fault::sender,
            fmt::format(
                "{} groups sign with {}: give them another archival_signer first", groups, id));
    }
    const auto rows = [id = id, now = to_micros(context.clock.now())](
                          store::Tx& tx, const seal::Committed&) -> Result<void> {
        BULLA_CHECK(tx.run("delete from vault_item where kind = 'signer' and id = :id", {id}));
        return tx.run("update signer set retired = :retired where id = :id", {now, id});
    };
    BULLA_CHECK(
        commit_change(context, caller, {.action = "signer.retire", .target = id, .rows = rows}));
    return json{{"id", id}};
}

// {} → [as create_signer, with "created", "retired" (null: in use), "groups", "problem"? and "keys": [{"fingerprint", "public_key", "created"}]]
Result<json> list_signers(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_CHECK(Arguments(arguments).finish());
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(
        rows,
        (connection->query<std::string, std::string, std::string, std::int64_t, std::int64_t>(
            "select id, public_key, private_path, created, retired from signer order by id")));
    const auto snapshot = context.snapshots.current();
    json out = json::array();
    for (const auto& [id, pem, path, created, retired] : rows) {
        BULLA_TRY(key, crypto::PublicKey::parse_pem(pem));
        json one = describe(id, key);
        one["private_key"] = retired != 0 && path.empty() ? "deleted"
                             : path.empty()               ? "vault"
                                                          : path;
        one["created"] = json_time(created);
        one["retired"] = json_time(retired);
        one["ready"] = snapshot->signers.contains(id);
        for (const std::string& problem : snapshot->problems) {
            if (problem.starts_with("the signer " + id + " ")) {
                one["problem"] = problem;
            }
        }
        one["groups"] = json::array();
        BULLA_TRY(
            groups,
            connection->query<std::string>(
                "select name from archive_group where archival_signer = :id order by name", {id}));
        for (const auto& [group] : groups) {
            one["groups"].push_back(group);
        }
        one["keys"] = json::array();
        BULLA_TRY(keys,
                  (connection->query<std::string, std::string, std::int64_t>(
                      "select fingerprint, public_key, created from signer_key where signer = :id "
                      "order by created",
                      {id})));
        for (const auto& [fingerprint, public_pem, made] : keys) {
            one["keys"].push_back({{"fingerprint", fingerprint},
                                   {"public_key", public_pem},
                                   {"created", json_time(made)}});
        }
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace bulla::services

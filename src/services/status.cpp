#include "directory/load.h"
#include "services/attention.h"
#include "services/change.h"
#include "services/json_time.h"
#include "services/table.h"
#include "store/migrations.h"

namespace bulla::services {
namespace {

Result<std::int64_t> count(store::Connection& connection, const char* sql) {
    BULLA_TRY(row, connection.query_first<std::int64_t>(sql));
    return row ? std::get<0>(*row) : 0;
}

}  // namespace

// {} → {"hostname", "node", "revision", "schema", "domains", "accounts", "groups", "signers", "archived", "log_size", "log_key", "queued",
// "held", "sealing", "problems", "attention" (attention.h), and what the daemon adds}. "sealing" is "" or why nothing can be sealed.
Result<json> show_status(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_CHECK(Arguments(arguments).finish());
    const auto snapshot = context.snapshots.current();
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(schema, store::schema_version(*connection));
    BULLA_TRY(revision, directory::load_revision(*connection));
    BULLA_TRY(archived, count(*connection, "select count(*) from message where archived = 1"));
    BULLA_TRY(leaves, count(*connection, "select count(*) from log_leaf"));
    BULLA_TRY(queued,
              count(*connection, "select count(*) from queue_delivery where state = 'queued'"));
    BULLA_TRY(held, count(*connection, "select count(*) from queue_delivery where state = 'held'"));
    // A note of earlier verifications; the index on it makes this a look at one place.
    BULLA_TRY(failed,
              count(*connection, "select count(*) from message_check where state = 'failed'"));
    auto problems = snapshot->problems;
    const json live = context.live ? context.live() : json::object();
    if (const auto waiting = live.value("restart_for", json::array()); !waiting.empty()) {
        std::string names;
        for (const auto& name : waiting) {
            names += (names.empty() ? "" : ", ") + name.get<std::string>();
        }
        problems.push_back("bulla.toml has changes that wait for a restart: " + names);
    }
    for (const auto& sentence : live.value("not_opened", json::array())) {
        problems.push_back("listener not opened: " + sentence.get<std::string>());
    }
    if (const std::string kept = live.value("certificate_kept", ""); !kept.empty()) {
        problems.push_back(kept);
    }
    if (failed > 0) {
        problems.push_back(failed == 1
                               ? "a message does not verify: `bulla archive verify --all` names it"
                               : std::to_string(failed) +
                                     " messages do not verify: `bulla archive "
                                     "verify --all` names them");
    }
    BULLA_TRY(attention, list_attention(context, live));
    json out = {{"hostname", snapshot->config.hostname},
                {"node", snapshot->config.node_name},
                {"revision", revision},
                {"schema", schema},
                {"domains", snapshot->domains.size()},
                {"accounts", snapshot->accounts_by_login.size()},
                {"groups", snapshot->groups.size()},
                {"signers", snapshot->signers.size()},
                {"archived", archived},
                {"log_size", leaves},
                {"log_key", context.log_key},
                {"queued", queued},
                {"held", held},
                {"running", static_cast<bool>(context.live)},
                {"signature_verification", snapshot->settings.signature_verification_enabled},
                {"problems", problems},
                {"attention", std::move(attention)}};
    std::string why;
    out["sealing"] = context.sealer == nullptr || context.sealer->healthy(&why) ? "" : why;
    out.update(live);
    return out;
}

// {} → {"revision", "running", "restart_for", "not_opened", "certificate_kept"}: reads bulla.toml and the database again. What changed in bulla.toml is in force
// then, but for the settings that "restart_for" names, the listeners that "not_opened" tells of and a certificate of the console that "certificate_kept" says
// cannot be used. Errors: config.bad (nothing changed),
// those of directory::load_snapshot.
Result<json> reload_instance(ServiceContext& context, const Caller& caller, const json& arguments) {
    BULLA_CHECK(Arguments(arguments).finish());
    json out = {
        {"restart_for", json::array()}, {"not_opened", json::array()}, {"certificate_kept", ""}};
    if (context.reload_config) {
        BULLA_TRY(told, context.reload_config(caller));
        out = std::move(told);
    } else if (context.reload) {
        BULLA_CHECK(context.reload());
    }
    out["running"] = static_cast<bool>(context.live);
    out["revision"] = context.snapshots.current()->revision;
    return out;
}

}  // namespace bulla::services

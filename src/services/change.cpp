#include "services/change.h"

#include "directory/load.h"
#include "seal/entry.h"

#include <utility>

namespace bulla::services {
namespace {

Result<void> raise_revision(store::Tx& tx) {
    BULLA_TRY(revision, directory::load_revision(tx.connection()));
    const std::string next = std::to_string(revision + 1);
    BULLA_TRY(changed,
              tx.run_counted("update meta set value = :value where name = 'revision'", {next}));
    if (changed == 0) {
        return tx.run("insert into meta (name, value) values ('revision', :value)", {next});
    }
    return {};
}

Result<void> write_audit_row(store::Tx& tx, std::uint64_t index, const seal::AuditLeaf& entry) {
    return tx.run(
        "insert into audit (idx, at, actor, action, target, detail) values (:idx, :at, :actor, "
        ":action, :target, :detail)",
        {index, to_micros(entry.time), entry.actor, entry.action, entry.target, entry.detail});
}

}  // namespace

Result<void> commit_change(ServiceContext& context, const Caller& caller, Change change) {
    if (context.sealer == nullptr) {
        return fail("service.read_only", Fault::us, "the instance is open for reading only");
    }
    const seal::AuditLeaf entry{
        .time = context.clock.now(),
        .actor = caller.actor,
        .action = change.action,
        .target = change.target,
        .detail = change.detail.empty() ? std::string() : change.detail.dump()};
    seal::Batch batch;
    batch.leaves.push_back(seal::write_entry(entry));
    if (change.rows) {
        batch.riders.push_back(std::move(change.rows));
    }
    batch.riders.emplace_back([entry, deciding = change.deciding](
                                  store::Tx& tx, const seal::Committed& committed) -> Result<void> {
        BULLA_CHECK(write_audit_row(tx, committed.leaf_indexes.front(), entry));
        return deciding ? raise_revision(tx) : Result<void>();
    });
    BULLA_CHECK(context.sealer->commit(std::move(batch)));
    if (change.deciding && context.reload) {
        if (const auto reloaded = context.reload(); !reloaded) {
            return fail(
                "service.not_in_force",
                Fault::us,
                "the change is stored, but could not be put in force: " + reloaded.error().text);
        }
    }
    return {};
}

Result<void> commit_rows(ServiceContext& context, seal::Rider rows) {
    if (context.sealer == nullptr) {
        return fail("service.read_only", Fault::us, "the instance is open for reading only");
    }
    seal::Batch batch;
    batch.riders.push_back(std::move(rows));
    BULLA_CHECK(context.sealer->commit(std::move(batch)));
    return {};
}

}  // namespace bulla::services

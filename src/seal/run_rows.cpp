#include "base/log.h"
#include "seal/entry.h"
#include "seal/run.h"

#include <map>
#include <string>
#include <utility>

/// The rows of a run: what its transaction holds.
namespace bulla::seal {
namespace {

constexpr std::int64_t shred_rows_at_once = 10'000;
// Keys that one entry names: its detail stays below 4096 octets.
constexpr std::size_t keys_an_entry = 40;

/// True if the error concerns the transaction as a whole, not the batch whose rider met it.
bool concerns_all(const Error& error) {
    return error.code.starts_with("store.") && error.code != "store.constraint";
}

/// What the run's entries of key use say, each for at most keys_an_entry keys.
std::vector<std::string> describe_key_uses(const Run& run) {
    std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> times;
    for (std::size_t i = 0; i < run.batches.size(); ++i) {
        if (!run.refused[i]) {
            for (const auto& use : run.batches[i].uses) {
                times[{use.purpose, use.fingerprint}] += use.times;
            }
        }
    }
    std::vector<std::string> details;
    std::size_t keys = 0;
    for (const auto& [key, count] : times) {
        if (keys++ % keys_an_entry == 0) {
            details.emplace_back();
        }
        auto& detail = details.back();
        detail.append(detail.empty() ? "" : ", ").append(key.first).append(" ");
        detail.append(key.second).append(" ").append(std::to_string(count));
    }
    return details;
}

}  // namespace

Result<void> Committer::fill_batches(store::Tx& tx,
                                     Run& run,
                                     Attempt& attempt,
                                     std::vector<tlog::Tile>& full) {
    for (std::size_t which = 0; which < run.batches.size(); ++which) {
        if (attempt.with_savepoints) {
            BULLA_CHECK(fill_alone(tx, run, which, attempt, full));
        } else if (auto filled = fill_batch(tx, run, which, attempt.edge, full); !filled) {
            attempt.is_rider_failure = run.batches.size() > 1 && !concerns_all(filled.error());
            if (run.batches.size() == 1 && !concerns_all(filled.error())) {
                run.refused[which] = filled.error();
            }
            return filled;
        }
    }
    return {};
}

Result<void> Committer::fill_alone(
    store::Tx& tx, Run& run, std::size_t which, Attempt& attempt, std::vector<tlog::Tile>& full) {
    BULLA_TRY(savepoint, store::Savepoint::begin(tx));
    auto edge = attempt.edge;
    const auto tiles = full.size();
    auto filled = fill_batch(tx, run, which, attempt.edge, full);
    if (filled) {
        run.refused[which].reset();
        return savepoint.release();
    }
    if (concerns_all(filled.error())) {
        return filled;
    }
    run.refused[which] = std::move(filled).error();
    attempt.edge = std::move(edge);
    full.resize(tiles);
    return savepoint.rollback();
}

Result<void> Committer::fill_batch(
    store::Tx& tx, Run& run, std::size_t which, LogEdge& edge, std::vector<tlog::Tile>& full) {
    const auto& batch = run.batches[which];
    auto& committed = run.committed[which];
    committed.leaf_indexes.clear();
    for (std::size_t i = 0; i < batch.leaves.size(); ++i) {
        committed.leaf_indexes.push_back(edge.frontier.size() + i);
    }
    for (const auto& rider : batch.riders) {
        BULLA_CHECK(rider(tx, committed));
    }
    for (const auto& leaf : batch.leaves) {
        BULLA_CHECK(insert_leaf(tx, edge, leaf, full));
    }
    for (const auto& address : batch.shred) {
        // The same slot may be given up twice.
        BULLA_CHECK(
            tx.run("insert into key_shred (volume, pack, slot) select :volume, :pack, :slot"
                   " where not exists (select 1 from key_shred where volume = :same_volume and "
                   "pack = :same_pack and slot = :same_slot)",
                   {address.volume,
                    address.pack,
                    address.slot,
                    address.volume,
                    address.pack,
                    address.slot}));
    }
    return {};
}

Result<void> Committer::fill_run(store::Tx& tx, const Run& run) {
    for (const auto number : run.packs) {
        if (!known_packs_.contains(number)) {
            BULLA_CHECK(
                tx.run("insert into pack (id, volume, opened) values (:id, :volume, :opened)",
                       {number, parts_.folder.volume(), to_micros(run.time)}));
        }
    }
    BULLA_TRY(changed,
              tx.run_counted("update seal_run set run = :run, at = :at where node = :node",
                             {run.id, to_micros(run.time), parts_.node}));
    if (changed == 0) {
        return tx.run("insert into seal_run (node, run, at) values (:node, :run, :at)",
                      {parts_.node, run.id, to_micros(run.time)});
    }
    return {};
}

// After the batches: their leaves' numbers are known to their riders by then.
Result<void> Committer::fill_key_uses(store::Tx& tx,
                                      const Run& run,
                                      LogEdge& edge,
                                      std::vector<tlog::Tile>& full) {
    for (auto& detail : describe_key_uses(run)) {
        const AuditLeaf entry{.time = run.time,
                              .actor = "system",
                              .action = "key.use",
                              .target = "keys",
                              .detail = std::move(detail)};
        BULLA_CHECK(
            tx.run("insert into audit (idx, at, actor, action, target, detail) values (:idx, :at, "
                   ":actor, :action, :target, :detail)",
                   {edge.frontier.size(),
                    to_micros(entry.time),
                    entry.actor,
                    entry.action,
                    entry.target,
                    entry.detail}));
        BULLA_CHECK(insert_leaf(tx, edge, write_entry(entry), full));
    }
    return {};
}

Result<void> Committer::delete_shred_rows(store::Tx& tx, const std::vector<ShredRow>& rows) {
    for (const auto& row : rows) {
        BULLA_CHECK(
            tx.run("delete from key_shred where volume = :volume and pack = :pack and slot = :slot",
                   {row.volume, row.pack, row.slot}));
    }
    return {};
}

void Committer::flush_shredding() {
    shredder_.flush();
    auto rows = shredder_.take_done();
    if (rows.empty() || unknown_) {
        shredder_.restore_done(std::move(rows));
        return;
    }
    const auto remove = [&]() -> Result<void> {
        BULLA_TRY(tx, store::Tx::begin(connection_));
        BULLA_CHECK(delete_shred_rows(tx, rows));
        return tx.finish();
    };
    if (auto removed = remove(); !removed) {
        log::warning("seal.shred_rows_kept", {{"why", removed.error().text}});
        shredder_.restore_done(std::move(rows));
    }
}

Result<void> Committer::resume_shredding() {
    using Rows = std::vector<std::tuple<std::int64_t, std::int64_t>>;
    while (true) {
        BULLA_TRY(found,
                  (Result<Rows>(connection_.query<std::int64_t, std::int64_t>(
                      "select pack, slot from key_shred where volume = :volume limit :most",
                      {parts_.folder.volume(), shred_rows_at_once}))));
        std::vector<ShredRow> rows;
        rows.reserve(found.size());
        for (const auto& [pack, slot] : found) {
            rows.push_back({parts_.folder.volume(), pack, slot});
        }
        shredder_.add(rows);
        flush_shredding();
        // What could not be done (a full disk, say) is tried again while running.
        if (shredder_.is_waiting() || found.size() < static_cast<std::size_t>(shred_rows_at_once)) {
            return {};
        }
    }
}

}  // namespace bulla::seal

#include "seal/run.h"

#include "base/encoding.h"
#include "base/log.h"

#include <algorithm>

namespace bulla::seal {
namespace {

/// What those who wait are told: whether the disk is full (452) or sealing failed otherwise (451).
Error waiter_error(const Error& error) {
    if (error.code == "seal.full" || error.code == "store.full") {
        return {.code = "seal.full", .fault = Fault::temporary, .text = error.text};
    }
    return {.code = "seal.failed", .fault = Fault::temporary, .text = error.text};
}

std::vector<ShredRow> shred_of(const Run& run) {
    std::vector<ShredRow> rows;
    for (std::size_t i = 0; i < run.batches.size(); ++i) {
        if (!run.refused[i]) {
            for (const auto& address : run.batches[i].shred) {
                rows.push_back({address.volume, address.pack, address.slot});
            }
        }
    }
    return rows;
}

Run make_run(std::vector<Batch> batches, const Clock& clock, Random& random) {
    const auto count = batches.size();
    return {.id = hex_encode(random.bytes(16)),
            .time = clock.now(),
            .batches = std::move(batches),
            .committed = std::vector<Committed>(count),
            .refused = std::vector<std::optional<Error>>(count)};
}

void answer(Run& run, const std::optional<Error>& error) {
    for (std::size_t i = 0; i < run.batches.size(); ++i) {
        if (auto& done = run.batches[i].done; done) {
            const auto& failed = run.refused[i] ? run.refused[i] : error;
            done(failed ? Result<Committed>(std::unexpected(*failed))
                        : Result<Committed>(std::move(run.committed[i])));
        }
    }
}

}  // namespace

Result<void> Committer::start() {
    if (auto made = parts_.folder.create_pack(); made) {
        pack_ = std::move(*made);
    } else if (made.error().code != "seal.full") {
        return std::unexpected(std::move(made).error());
    }
    return resume_shredding();
}

void Committer::commit(std::vector<Batch> batches) {
    auto run = make_run(std::move(batches), parts_.clock, parts_.random);
    if (auto stored = store_records(run); !stored) {
        log::error("seal.write_failed", {{"why", stored.error().text}});
        drop_pack();
        answer(run, waiter_error(stored.error()));
        return;
    }
    Error error;
    const auto fate = commit_rows(run, error);
    if (pack_ != nullptr && fate != Fate::rolled_back) {
        pack_->is_named = true;
    }
    if (fate == Fate::committed ||
        std::ranges::all_of(run.refused, [](const auto& refused) { return refused.has_value(); })) {
        answer(run, std::nullopt);
        return;
    }
    log::error("seal.commit_failed",
               {{"why", error.text}, {"known", fate == Fate::unknown ? "no" : "yes"}});
    drop_pack();
    answer(run, waiter_error(error));
}

void Committer::drop_pack() {
    parts_.folder.abandon(std::move(pack_));
}

Result<void> Committer::ensure_pack(std::uint64_t octets) {
    if (pack_ != nullptr && pack_->end() > static_cast<std::int64_t>(file_header_size) &&
        static_cast<std::uint64_t>(pack_->end()) + octets > parts_.max_pack_bytes) {
        drop_pack();
    }
    if (pack_ == nullptr) {
        BULLA_TRY(pack, parts_.folder.create_pack());
        pack_ = std::move(pack);
    }
    return {};
}

Result<void> Committer::store_records(Run& run) {
    std::uint64_t octets = 0;
    for (const auto& batch : run.batches) {
        for (const auto& record : batch.records) {
            octets += record.placed ? 0 : record.bytes.size();
        }
    }
    if (octets > 0) {
        BULLA_CHECK(ensure_pack(octets));
    }
    const auto start = octets > 0 ? pack_->end() : 0;
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; i < run.batches.size(); ++i) {
        for (auto& record : run.batches[i].records) {
            if (!record.placed) {
                pieces.emplace_back(record.bytes);
                record.placed = pack_->reserve(record.bytes.size(), record.key, parts_.random);
            }
            run.packs.insert(record.placed->pack);
            run.committed[i].addresses.push_back(*record.placed);
        }
        run.committed[i].time = run.time;
    }
    if (octets == 0) {
        return {};
    }
    BULLA_CHECK(pack_->write(pieces, start));
    BULLA_CHECK(pack_->write_slots());
    BULLA_CHECK(sync_.sync(*pack_));
    shredder_.note_synced(pack_->name().number);
    return {};
}

Committer::Fate Committer::commit_rows(Run& run, Error& error) {
    auto shredded = shredder_.take_done();
    Attempt attempt;
    auto fate = Fate::rolled_back;
    // Once more with savepoints when a rider failed, once more when a commit of unknown outcome turned out not to be there.
    for (int again = 0; again < 3; ++again) {
        attempt = Attempt{.edge = edge_,
                          .with_savepoints = attempt.is_rider_failure || attempt.with_savepoints};
        fate = try_transaction(run, attempt, shredded);
        if (fate == Fate::unknown) {
            fate = read_back(run.id);
        }
        if (fate != Fate::absent && !attempt.is_rider_failure) {
            break;
        }
    }
    if (fate == Fate::committed) {
        adopt(run.packs, std::move(attempt.edge), shred_of(run));
        return fate;
    }
    shredder_.restore_done(std::move(shredded));
    error = std::move(attempt.error);
    if (fate == Fate::unknown) {
        unknown_ = Unknown{.run_id = run.id,
                           .edge = std::move(attempt.edge),
                           .packs = run.packs,
                           .shred = shred_of(run)};
        is_stuck_ = true;
        return fate;
    }
    return Fate::rolled_back;
}

Committer::Fate Committer::try_transaction(Run& run,
                                           Attempt& attempt,
                                           const std::vector<ShredRow>& shredded) {
    const auto fill = [&](store::Tx& tx) -> Result<void> {
        std::vector<tlog::Tile> full;
        BULLA_CHECK(fill_batches(tx, run, attempt, full));
        BULLA_CHECK(fill_key_uses(tx, run, attempt.edge, full));
        BULLA_CHECK(fill_run(tx, run));
        BULLA_CHECK(delete_shred_rows(tx, shredded));
        if (attempt.edge.frontier.size() > edge_.frontier.size()) {
            return insert_checkpoint(tx, attempt.edge, full, parts_.log, run.time);
        }
        return {};
    };
    auto tx = store::Tx::begin(connection_);
    if (!tx) {
        attempt.error = std::move(tx).error();
        return Fate::rolled_back;
    }
    if (auto filled = fill(*tx); !filled) {
        attempt.error = std::move(filled).error();
        tx->rollback();
        return Fate::rolled_back;
    }
    auto result = parts_.commit ? parts_.commit(*tx) : tx->commit();
    attempt.error = std::move(result.error);
    switch (result.outcome) {
        case store::Outcome::committed:
            return Fate::committed;
        case store::Outcome::rolled_back:
            return Fate::rolled_back;
        case store::Outcome::unknown:
            return Fate::unknown;
    }
    return Fate::unknown;
}

Committer::Fate Committer::read_back(const std::string& run_id) {
    // A connection of its own: the old one's state is as doubtful as its commit.
    auto fresh = parts_.database.connect(store::Access::read_write);
    if (!fresh) {
        return Fate::unknown;
    }
    auto row = fresh->query_first<std::string>("select run from seal_run where node = :node",
                                               {parts_.node});
    if (!row) {
        return Fate::unknown;
    }
    const auto& found = *row;
    const auto is_there = found && std::get<0>(*found) == run_id;
    connection_ = std::move(*fresh);
    return is_there ? Fate::committed : Fate::absent;
}

bool Committer::settle() {
    if (!unknown_) {
        return true;
    }
    const auto fate = read_back(unknown_->run_id);
    if (fate == Fate::unknown) {
        return false;
    }
    if (fate == Fate::committed) {
        adopt(unknown_->packs, std::move(unknown_->edge), unknown_->shred);
    }
    log::warning("seal.commit_settled", {{"committed", fate == Fate::committed ? "yes" : "no"}});
    unknown_.reset();
    is_stuck_ = false;
    return true;
}

void Committer::adopt(const std::set<std::int64_t>& packs,
                      LogEdge edge,
                      const std::vector<ShredRow>& shred) {
    edge_ = std::move(edge);
    if (publish_) {
        publish_(edge_.note);
    }
    known_packs_.insert(packs.begin(), packs.end());
    shredder_.add(shred);
}

}  // namespace bulla::seal

#include "archive/log_consistency.h"

#include "archive/log_walk.h"
#include "tlog/proof.h"

#include <fmt/format.h>
#include <utility>

namespace bulla::archive {

namespace {

Result<tlog::Checkpoint> load_last(const LogRows& rows, const tlog::VerifierKey& key) {
    BULLA_TRY(last, rows.last_checkpoint());
    if (!last) {
        return fail(
            "log.empty", Fault::sender, "the log has no checkpoint yet: nothing was archived");
    }
    return tlog::open_checkpoint(last->note, key);
}

/// Why a checkpoint of another name is none of this log; empty if it is.
std::string refuse_name(const std::vector<seal::ForkEntry>& forks,
                        const tlog::VerifierKey& key,
                        const tlog::Checkpoint& old) {
    if (seal::decide_standing(forks, key.name, old) == seal::Standing::own) {
        return {};
    }
    auto why =
        fmt::format("the checkpoint is one of {} leaves of the log {}, of which {} does not go on",
                    old.size,
                    old.origin,
                    key.name);
    for (const auto& fork : forks) {
        why += "; " + describe_fork(fork);
    }
    return why;
}

}  // namespace

Result<Consistency> check_consistency(const LogRows& rows,
                                      const tlog::VerifierKey& key,
                                      std::string_view note) {
    BULLA_TRY(now, load_last(rows, key));
    BULLA_TRY(forks, rows.forks());
    Consistency answer{.to = now.size};
    const auto old = seal::open_any_name(note, key);
    if (!old) {
        answer.reason = "the checkpoint is not one that this log signed: " + old.error().text;
        return answer;
    }
    answer.from = old->size;
    answer.reason = refuse_name(forks, key, *old);
    if (!answer.reason.empty()) {
        return answer;
    }
    if (old->size > now.size) {
        answer.reason =
            fmt::format("the log has {} leaves and is older than the checkpoint, which has {}",
                        now.size,
                        old->size);
        return answer;
    }
    auto tiles = rows.tiles(now.size);
    auto proof = tlog::make_consistency_proof(old->size, now.size, tiles.reader());
    if (!proof || !tlog::verify_consistency(old->size, old->root, now.size, now.root, *proof)) {
        answer.reason =
            fmt::format("the log of {} leaves does not go on from the checkpoint of {} leaves: {}",
                        now.size,
                        old->size,
                        proof ? "it was rewritten" : proof.error().text);
        return answer;
    }
    answer.consistent = true;
    answer.proof = std::move(*proof);
    answer.reason = fmt::format(
        "the log of {} leaves goes on from the checkpoint of {} leaves", now.size, old->size);
    return answer;
}

}  // namespace bulla::archive

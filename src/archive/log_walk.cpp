#include "archive/log_walk.h"

#include "base/date.h"
#include "base/file.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bulla::archive {

namespace {

constexpr std::size_t checkpoint_batch = 256;
constexpr std::size_t max_file = 64U << 10U;

}  // namespace

Result<tlog::VerifierKey> load_log_key(const std::string& path) {
    const auto text = load_secret_file(path, max_file, FileAccess::anybody);
    if (!text) {
        return fail(
            "log.no_key", Fault::us, "the log's public key cannot be read: " + text.error().text);
    }
    return tlog::parse_verifier_key(text->view().substr(0, text->view().find('\n')));
}

Result<KnownHead> load_head(const std::string& path, const tlog::VerifierKey& key) {
    const auto bytes = load_secret_file(path, max_file, FileAccess::anybody);
    if (!bytes) {
        return fail("log.no_checkpoint",
                    Fault::sender,
                    "the checkpoint cannot be read: " + bytes.error().text);
    }
    auto head = seal::open_any_name(bytes->view(), key);
    if (!head) {
        return fail(
            head.error().code, Fault::sender, path + ": " + head.error().text, head.error().rfc);
    }
    return KnownHead{std::move(*head), path};
}

std::string describe_fork(const seal::ForkEntry& fork) {
    const auto lost =
        fork.seen > fork.kept
            ? fmt::format("leaves {} to {} are missing since", fork.kept, fork.seen - 1)
            : std::string("other leaves may be missing since");
    return fmt::format(
        "an older copy of the log was put back and accepted {} by {} ({}): it goes on from {} "
        "leaves, {} ({} had {} leaves)",
        write_rfc3339(fork.time),
        fork.actor,
        fork.reason,
        fork.kept,
        lost,
        fork.seen_origin,
        fork.seen);
}

Result<LogWalk> LogWalk::begin(const LogRows& rows, Options options, Findings& findings) {
    LogWalk walk(rows, std::move(options));
    BULLA_TRY(last, rows.last_checkpoint());
    if (last) {
        const auto head = tlog::open_checkpoint(last->note, walk.options_.key);
        if (head && head->size == last->size) {
            walk.size_ = head->size;
        } else {
            // The leaves are looked at all the same, so that what else is wrong is named.
            walk.size_ = last->size;
            findings.bad(
                "log",
                fmt::format("the last checkpoint (of {} leaves) is not one that the log signed: {}",
                            last->size,
                            head ? "its size was changed" : head.error().text));
        }
    }
    for (const auto& [head, source] : walk.options_.heads) {
        if (head.size > walk.size_) {
            findings.bad("log",
                         fmt::format("the log has {} leaves and is older than the checkpoint in "
                                     "{}, which has {}: it was truncated, or "
                                     "an older copy was put back",
                                     walk.size_,
                                     source,
                                     head.size));
        }
    }
    BULLA_CHECK(walk.load(findings));
    return walk;
}

Result<void> LogWalk::load(Findings& findings) {
    if (options_.first == 0) {
        return compare_heads(findings);
    }
    const std::uint64_t first = std::min(options_.first, size_);
    const std::uint64_t in_tiles = first - first % tlog::tile_width;
    BULLA_TRY(rows, rows_->leaves(in_tiles, first - in_tiles));
    std::vector<tlog::Hash> last;
    last.reserve(rows.size());
    for (const auto& row : rows) {
        last.push_back(tlog::leaf_hash(row.entry));
    }
    const auto read_tile = [this](unsigned level,
                                  std::uint64_t index) -> Result<std::vector<tlog::Hash>> {
        BULLA_TRY(tile, rows_->tile(level, index));
        return tile.value_or(std::vector<tlog::Hash>());
    };
    BULLA_TRY(frontier, tlog::Frontier::load(first, last, read_tile));
    frontier_ = std::move(frontier);
    auto tiles = rows_->tiles(first);
    for (const auto& [head, source] : options_.heads) {
        if (head.size <= first) {
            BULLA_TRY(root, tlog::make_root(head.size, tiles.reader()));
            if (root != head.root) {
                findings.bad(
                    "log",
                    fmt::format(
                        "the log is not consistent with the checkpoint in {}: it was rewritten",
                        source));
            }
        }
    }
    return {};
}

Result<std::vector<LeafRow>> LogWalk::next(std::size_t count, Findings& findings) {
    const std::uint64_t first = position();
    const auto wanted = std::min<std::uint64_t>(count, size_ - first);
    if (wanted == 0) {
        return std::vector<LeafRow>();
    }
    BULLA_TRY(rows, rows_->leaves(first, wanted));
    auto row = rows.begin();
    for (std::uint64_t index = first; index < first + wanted; ++index) {
        if (row == rows.end() || row->index != index) {
            findings.bad("log", fmt::format("leaf {} is missing: it was deleted", index));
            BULLA_CHECK(add(tlog::Hash{}, findings));
            continue;
        }
        const tlog::Hash hash = tlog::leaf_hash(row->entry);
        if (row->hash != tlog::write_hash(hash)) {
            findings.bad("leaf",
                         fmt::format("the text of leaf {} is not the one that its hash is of: one "
                                     "of them was changed",
                                     index));
        }
        look_at_fork(*row, findings);
        BULLA_CHECK(add(hash, findings));
        ++row;
    }
    return std::move(rows);
}

/// Before the leaf is added: the tree is then what the fork went on from.
void LogWalk::look_at_fork(const LeafRow& row, Findings& findings) const {
    if (!row.entry.starts_with("bulla/fork/")) {
        return;
    }
    const auto fork = seal::parse_fork_entry(row.entry);
    if (!fork || fork->kept != row.index || fork->kept_root != tlog::write_hash(frontier_.root())) {
        findings.bad("leaf",
                     fmt::format("leaf {} is that of a fork, but does not fit its place: {}",
                                 row.index,
                                 fork ? "it tells of other leaves" : fork.error().text));
        return;
    }
    findings.note("log", fmt::format("leaf {}: {}", row.index, describe_fork(*fork)));
}

Result<void> LogWalk::add(const tlog::Hash& leaf, Findings& findings) {
    std::vector<tlog::Tile> full;
    frontier_.append(leaf, full);
    for (const auto& tile : full) {
        BULLA_CHECK(compare_tile(tile, findings));
    }
    return compare_heads(findings);
}

Result<void> LogWalk::compare_tile(const tlog::Tile& tile, Findings& findings) const {
    BULLA_TRY(stored, rows_->tile(tile.level, tile.index));
    if (stored != tile.hashes) {
        findings.bad("log",
                     fmt::format("tile {} of level {} {}",
                                 tile.index,
                                 tile.level,
                                 stored ? "is not made of the leaves under it: it was changed"
                                        : "is missing or unreadable"));
    }
    return {};
}

Result<void> LogWalk::compare_heads(Findings& findings) {
    const std::uint64_t size = position();
    if (checkpoints_.empty() || checkpoints_.back().size < size) {
        BULLA_TRY(more, rows_->checkpoints(size == 0 ? 0 : size - 1, checkpoint_batch));
        checkpoints_.assign(std::make_move_iterator(more.begin()),
                            std::make_move_iterator(more.end()));
    }
    while (!checkpoints_.empty() && checkpoints_.front().size <= size) {
        if (checkpoints_.front().size == size) {
            compare_checkpoint(checkpoints_.front(), findings);
        }
        checkpoints_.pop_front();
    }
    for (const auto& [head, source] : options_.heads) {
        if (head.size == size && head.root != frontier_.root()) {
            findings.bad(
                "log",
                fmt::format("the log is not consistent with the checkpoint in {}: it was rewritten",
                            source));
        }
    }
    return {};
}

void LogWalk::compare_checkpoint(const CheckpointRow& row, Findings& findings) const {
    const auto head =
        tlog::open_checkpoint(row.note,
                              {.name = seal::name_at(options_.forks, row.size, options_.key.name),
                               .key = options_.key.key});
    if (!head) {
        findings.bad("log",
                     fmt::format("the checkpoint of {} leaves is not one that the log signed: {}",
                                 row.size,
                                 head.error().text));
    } else if (head->size != row.size) {
        findings.bad(
            "log",
            fmt::format(
                "the checkpoint kept for {} leaves is one of {} leaves", row.size, head->size));
    } else if (head->root != frontier_.root()) {
        findings.bad("log",
                     fmt::format("the root of the first {} leaves is not the one that was signed: "
                                 "leaves were changed, deleted or exchanged",
                                 row.size));
    }
}

Result<void> LogWalk::finish(Findings& findings) const {
    // Leaves first: what the daemon adds in between is then covered by the newer checkpoint.
    BULLA_TRY(leaves, rows_->leaf_count());
    BULLA_TRY(last, rows_->last_checkpoint());
    const std::uint64_t covered = last ? last->size : 0;
    if (leaves > covered) {
        findings.bad("log",
                     fmt::format("{} leaves stand after the last checkpoint: they were added by "
                                 "somebody else, or the checkpoint was "
                                 "deleted",
                                 leaves - covered));
    }
    return {};
}

}  // namespace bulla::archive

#include "archive/log_rows.h"

#include "base/encoding.h"

#include <fmt/format.h>
#include <tuple>

namespace bulla::archive {

namespace {

using std::int64_t;
using std::string;

std::uint64_t count_of(int64_t number) {
    return number < 0 ? 0 : static_cast<std::uint64_t>(number);
}

/// The number in a row of min() or max(); nothing if there was nothing to count.
std::optional<std::uint64_t> number_in(
    const std::optional<std::tuple<std::optional<int64_t>>>& row) {
    const auto number = row ? std::get<0>(*row) : std::nullopt;
    return number ? std::optional(count_of(*number)) : std::nullopt;
}

CheckpointRow read_checkpoint(std::tuple<int64_t, int64_t, string>&& row) {
    return {count_of(std::get<0>(row)), from_micros(std::get<1>(row)), std::move(std::get<2>(row))};
}

}  // namespace

Result<std::vector<LeafRow>> LogRows::leaves(std::uint64_t first, std::uint64_t count) const {
    std::vector<LeafRow> rows;
    BULLA_CHECK((connection_.visit<int64_t, string, string>(
        "select idx, hash, entry from log_leaf where idx >= :first and idx < :end order by idx",
        {first, first + count},
        [&](std::tuple<int64_t, string, string>&& row) {
            rows.push_back({count_of(std::get<0>(row)),
                            std::move(std::get<1>(row)),
                            std::move(std::get<2>(row))});
            return rows.size() < count;
        })));
    return rows;
}

Result<std::uint64_t> LogRows::leaf_count() const {
    BULLA_TRY(row,
              connection_.query_first<std::optional<int64_t>>("select max(idx) from log_leaf"));
    const auto last = number_in(row);
    return last ? *last + 1 : 0;
}

Result<std::optional<std::uint64_t>> LogRows::find_message(MessageId id) const {
    const auto pattern = fmt::format("bulla/message/v1\nid {}\n%", id.text());
    BULLA_TRY(row,
              connection_.query_first<std::optional<int64_t>>(
                  "select min(idx) from log_leaf where entry like :pattern", {pattern}));
    return number_in(row);
}

Result<std::optional<std::vector<tlog::Hash>>> LogRows::tile(unsigned level,
                                                             std::uint64_t index) const {
    BULLA_TRY(row,
              connection_.query_first<string>(
                  "select data from log_tile where level = :level and idx = :idx", {level, index}));
    if (!row) {
        return std::nullopt;
    }
    const auto bytes = base64_decode(std::get<0>(*row));
    auto hashes = tlog::parse_tile(bytes ? *bytes : string());
    return hashes ? std::optional(std::move(*hashes)) : std::nullopt;
}

Result<std::optional<CheckpointRow>> LogRows::last_checkpoint() const {
    BULLA_TRY(row,
              (connection_.query_first<int64_t, int64_t, string>(
                  "select size, at, note from log_checkpoint order by size desc")));
    return row ? std::optional(read_checkpoint(std::move(*row))) : std::nullopt;
}

Result<std::vector<CheckpointRow>> LogRows::checkpoints(std::uint64_t after,
                                                        std::size_t limit) const {
    std::vector<CheckpointRow> rows;
    BULLA_CHECK((connection_.visit<int64_t, int64_t, string>(
        "select size, at, note from log_checkpoint where size > :after order by size",
        {after},
        [&](std::tuple<int64_t, int64_t, string>&& row) {
            rows.push_back(read_checkpoint(std::move(row)));
            return rows.size() < limit;
        })));
    return rows;
}

Result<std::vector<CheckpointRow>> LogRows::checkpoints_before(std::uint64_t before,
                                                               std::size_t limit) const {
    std::vector<CheckpointRow> rows;
    BULLA_CHECK((connection_.visit<int64_t, int64_t, string>(
        "select size, at, note from log_checkpoint where size < :before order by size desc",
        {before},
        [&](std::tuple<int64_t, int64_t, string>&& row) {
            rows.push_back(read_checkpoint(std::move(row)));
            return rows.size() < limit;
        })));
    return rows;
}

tlog::TileReader LogRows::tiles(std::uint64_t size) const {
    const auto read_tile = [this](unsigned level,
                                  std::uint64_t index) -> Result<std::vector<tlog::Hash>> {
        BULLA_TRY(hashes, tile(level, index));
        if (!hashes) {
            return fail(
                "tlog.bad_tile",
                Fault::us,
                fmt::format(
                    "tile {} of level {} of the log is missing or unreadable", index, level));
        }
        return std::move(*hashes);
    };
    const auto read_leaves = [this](std::uint64_t first,
                                    std::uint64_t count) -> Result<std::vector<tlog::Hash>> {
        BULLA_TRY(rows, leaves(first, count));
        std::vector<tlog::Hash> hashes;
        for (const auto& row : rows) {
            const auto hash = tlog::parse_hash(row.hash);
            if (row.index != first + hashes.size() || !hash) {
                break;
            }
            hashes.push_back(*hash);
        }
        if (hashes.size() != count) {
            return fail(
                "log.missing_leaf",
                Fault::us,
                fmt::format("leaf {} of the log is missing or unreadable", first + hashes.size()));
        }
        return hashes;
    };
    return {size, read_tile, read_leaves};
}

}  // namespace bulla::archive

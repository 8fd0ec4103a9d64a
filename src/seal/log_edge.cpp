#include "seal/log_edge.h"

#include "base/encoding.h"
#include "seal/fork.h"
#include "tlog/proof.h"

namespace bulla::seal {
namespace {

std::unexpected<Error> damaged(const std::string& text) {
    return fail("seal.log_damaged",
                Fault::us,
                "the log in the database is damaged: " + text + "; restore it from a copy");
}

/// A damaged tile or row is a damaged log, whatever layer found it.
template <class T>
Result<T> as_damage(Result<T> result) {
    if (!result &&
        (result.error().code.starts_with("tlog.") || result.error().code.starts_with("base64.") ||
         result.error().code.starts_with("hash."))) {
        return damaged(result.error().text);
    }
    return result;
}

tlog::ReadTile tile_reader(store::Connection& connection) {
    return [&connection](unsigned level, std::uint64_t index) -> Result<std::vector<tlog::Hash>> {
        BULLA_TRY(
            row,
            connection.query_first<std::string>(
                "select data from log_tile where level = :level and idx = :idx", {level, index}));
        if (!row) {
            return fail(
                "tlog.bad_tile",
                Fault::us,
                "tile " + std::to_string(level) + "/" + std::to_string(index) + " is missing");
        }
        BULLA_TRY(bytes, base64_decode(std::get<0>(*row)));
        return tlog::parse_tile(bytes);
    };
}

tlog::ReadLeaves leaf_reader(store::Connection& connection) {
    return [&connection](std::uint64_t first,
                         std::uint64_t count) -> Result<std::vector<tlog::Hash>> {
        using Rows = std::vector<std::tuple<std::string>>;
        BULLA_TRY(rows,
                  (Result<Rows>(connection.query<std::string>(
                      "select hash from log_leaf where idx >= :first and idx < :last order by idx",
                      {first, first + count}))));
        std::vector<tlog::Hash> hashes;
        for (const auto& [text] : rows) {
            BULLA_TRY(hash, tlog::parse_hash(text));
            hashes.push_back(hash);
        }
        if (hashes.size() != count) {
            return fail("tlog.bad_leaf",
                        Fault::us,
                        "leaves behind number " + std::to_string(first) + " are missing");
        }
        return hashes;
    };
}

tlog::VerifierKey verifier_of(const LogIdentity& identity) {
    return {.name = identity.origin, .key = identity.signer->public_key()};
}

std::int64_t hour_of(Time time) {
    return to_unix(time) / 3600;
}

/// Fills in the last checkpoint; says what root it claims.
Result<std::optional<tlog::Hash>> load_last_checkpoint(store::Connection& connection,
                                                       LogEdge& edge,
                                                       const LogIdentity& identity) {
    using Rows = std::vector<std::tuple<std::int64_t, std::int64_t, std::string>>;
    BULLA_TRY(rows,
              (Result<Rows>(connection.query<std::int64_t, std::int64_t, std::string>(
                  "select size, at, note from log_checkpoint order by size desc limit 2"))));
    if (rows.empty()) {
        return std::optional<tlog::Hash>();
    }
    auto& [size, at, note] = rows[0];
    auto checkpoint = tlog::open_checkpoint(note, verifier_of(identity));
    if (!checkpoint || checkpoint->size != static_cast<std::uint64_t>(size)) {
        return damaged(
            "the last checkpoint is not valid: " +
            (checkpoint ? std::string("it is of another size") : checkpoint.error().text));
    }
    edge.checkpoint_size = checkpoint->size;
    edge.checkpoint_time = from_micros(at);
    edge.is_first_of_hour = rows.size() == 1 || hour_of(from_micros(std::get<1>(rows[1]))) !=
                                                    hour_of(edge.checkpoint_time);
    edge.note = std::move(note);
    return std::optional(checkpoint->root);
}

Result<LogEdge> load_edge(store::Connection& connection, const LogIdentity& identity) {
    LogEdge edge;
    BULLA_TRY(root, load_last_checkpoint(connection, edge, identity));
    BULLA_TRY(
        last,
        connection.query_first<std::int64_t>("select idx from log_leaf order by idx desc limit 1"));
    const auto size = last ? static_cast<std::uint64_t>(std::get<0>(*last)) + 1 : 0;
    if (size != edge.checkpoint_size) {
        return damaged("it has " + std::to_string(size) +
                       " leaves, but its last checkpoint covers " +
                       std::to_string(edge.checkpoint_size));
    }
    const auto rest = size % tlog::tile_width;
    std::vector<tlog::Hash> last_leaves;
    if (rest > 0) {
        BULLA_TRY(leaves, leaf_reader(connection)(size - rest, rest));
        last_leaves = std::move(leaves);
    }
    BULLA_TRY(frontier, tlog::Frontier::load(size, last_leaves, tile_reader(connection)));
    edge.frontier = std::move(frontier);
    if (root && edge.frontier.root() != *root) {
        return damaged("its leaves do not give the root of its last checkpoint");
    }
    return edge;
}

}  // namespace

Result<LogEdge> load_log_edge(store::Connection& connection, const LogIdentity& identity) {
    return as_damage(load_edge(connection, identity));
}

Result<void> insert_leaf(store::Tx& tx,
                         LogEdge& edge,
                         std::string_view entry,
                         std::vector<tlog::Tile>& full) {
    const auto hash = tlog::leaf_hash(entry);
    BULLA_CHECK(tx.run("insert into log_leaf (idx, hash, entry) values (:idx, :hash, :entry)",
                       {edge.frontier.size(), tlog::write_hash(hash), entry}));
    edge.frontier.append(hash, full);
    return {};
}

Result<void> insert_checkpoint(store::Tx& tx,
                               LogEdge& edge,
                               const std::vector<tlog::Tile>& full,
                               const LogIdentity& identity,
                               Time now) {
    for (const auto& tile : full) {
        BULLA_CHECK(tx.run("insert into log_tile (level, idx, data) values (:level, :idx, :data)",
                           {tile.level, tile.index, base64_encode(tlog::write_tile(tile.hashes))}));
    }
    const tlog::Checkpoint checkpoint{
        .origin = identity.origin, .size = edge.frontier.size(), .root = edge.frontier.root()};
    BULLA_TRY(
        note,
        tlog::sign_note(tlog::write_checkpoint(checkpoint), identity.origin, *identity.signer));
    if (edge.checkpoint_size != 0 && !edge.is_first_of_hour) {
        BULLA_CHECK(
            tx.run("delete from log_checkpoint where size = :size", {edge.checkpoint_size}));
    }
    BULLA_CHECK(tx.run("insert into log_checkpoint (size, at, note) values (:size, :at, :note)",
                       {checkpoint.size, to_micros(now), note}));
    edge.is_first_of_hour =
        edge.checkpoint_size == 0 || hour_of(edge.checkpoint_time) != hour_of(now);
    edge.checkpoint_size = checkpoint.size;
    edge.checkpoint_time = now;
    edge.note = std::move(note);
    return {};
}

Result<void> check_not_rolled_back(store::Connection& connection,
                                   const LogEdge& edge,
                                   std::string_view note,
                                   const LogIdentity& identity) {
    const auto seen = open_any_name(note, verifier_of(identity));
    if (!seen) {
        return fail("seal.bad_checkpoint",
                    Fault::us,
                    "the checkpoint in the state directory is not one of this log (" +
                        seen.error().text +
                        "); put the right one back, or remove it knowing that a log put back to an "
                        "older state is not noticed then");
    }
    const auto rolled_back = [&](std::string_view how) {
        return fail("seal.rolled_back",
                    Fault::us,
                    "the log is older than the last checkpoint seen: " + std::string(how) +
                        "; restore the newer data, or accept the older log with `bulla log fork`");
    };
    BULLA_TRY(forks, load_forks(connection));
    switch (decide_standing(forks, identity.origin, *seen)) {
        case Standing::own:
            break;
        case Standing::lost:
            return {};
        case Standing::unknown:
            return rolled_back("it is named " + identity.origin +
                               ", and the checkpoint is one of " + seen->origin + " of " +
                               std::to_string(seen->size) + " leaves");
    }
    if (seen->size > edge.frontier.size()) {
        return rolled_back("it has " + std::to_string(edge.frontier.size()) + " leaves, and had " +
                           std::to_string(seen->size));
    }
    const auto leaves = leaf_reader(connection);
    const auto tiles = tile_reader(connection);
    tlog::TileReader reader(edge.frontier.size(), tiles, leaves);
    BULLA_TRY(root, as_damage(tlog::make_root(seen->size, reader.reader())));
    if (root != seen->root) {
        return rolled_back("its first " + std::to_string(seen->size) +
                           " leaves are others than they were");
    }
    return {};
}

}  // namespace bulla::seal

#include "seal/fork.h"

#include "base/encoding.h"

#include <algorithm>
#include <sstream>

namespace bulla::seal {
namespace {

constexpr std::size_t max_reason = 1000;
constexpr std::string_view forks_name = "log_forks";

Result<std::string> load_fork_list(store::Connection& connection) {
    BULLA_TRY(row,
              connection.query_first<std::string>("select value from meta where name = :name",
                                                  {forks_name}));
    return row ? std::get<0>(*row) : std::string();
}

Result<void> set_meta(store::Tx& tx, std::string_view name, const std::string& value) {
    BULLA_TRY(changed,
              tx.run_counted("update meta set value = :value where name = :name", {value, name}));
    if (changed == 0) {
        return tx.run("insert into meta (name, value) values (:name, :value)", {name, value});
    }
    return {};
}

bool has_text(std::string_view reason) {
    return reason.size() <= max_reason &&
           reason.find_first_not_of(" \t\r\n") != std::string_view::npos;
}

/// Random at its end: the same copy may be put back twice, and two logs must never share a name.
std::string make_name(std::string_view former, Random& random) {
    return std::string(former.substr(0, former.find("/fork-"))) + "/fork-" +
           hex_encode(random.bytes(4));
}

/// The rows of a fork: name, leaf, audit entry, checkpoint.
Result<void> insert_fork(store::Tx& tx,
                         LogEdge& edge,
                         const LogIdentity& identity,
                         const ForkEntry& entry) {
    BULLA_TRY(list, load_fork_list(tx.connection()));
    BULLA_CHECK(set_meta(
        tx, forks_name, list + (list.empty() ? "" : " ") + std::to_string(edge.frontier.size())));
    BULLA_CHECK(set_meta(tx, "log_origin", identity.origin));
    BULLA_CHECK(
        tx.run("insert into audit (idx, at, actor, action, target, detail) values (:idx, :at, "
               ":actor, :action, :target, :detail)",
               {edge.frontier.size(),
                to_micros(entry.time),
                entry.actor,
                "log.fork",
                identity.origin,
                entry.reason}));
    std::vector<tlog::Tile> full;
    BULLA_CHECK(insert_leaf(tx, edge, write_entry(entry), full));
    // The last checkpoint under the former name stays: it proves what was kept.
    edge.is_first_of_hour = true;
    return insert_checkpoint(tx, edge, full, identity, entry.time);
}

}  // namespace

Result<std::vector<ForkEntry>> load_forks(store::Connection& connection) {
    BULLA_TRY(list, load_fork_list(connection));
    std::istringstream words(list);
    std::vector<ForkEntry> forks;
    for (std::uint64_t leaf = 0; words >> leaf;) {
        BULLA_TRY(row,
                  connection.query_first<std::string>("select entry from log_leaf where idx = :idx",
                                                      {leaf}));
        auto entry = row ? parse_fork_entry(std::get<0>(*row))
                         : Result<ForkEntry>(fail("entry.bad", Fault::us, "there is no such leaf"));
        if (!entry || entry->kept != leaf) {
            return fail(
                "seal.log_damaged",
                Fault::us,
                "the log in the database is damaged: leaf " + std::to_string(leaf) +
                    " should be that of a fork: " +
                    (entry ? std::string("it is that of another one") : entry.error().text));
        }
        forks.push_back(std::move(*entry));
    }
    return forks;
}

const std::string& name_at(const std::vector<ForkEntry>& forks,
                           std::uint64_t size,
                           const std::string& name) {
    const auto fork =
        std::ranges::find_if(forks, [size](const ForkEntry& each) { return size <= each.kept; });
    return fork == forks.end() ? name : fork->former;
}

Result<tlog::Checkpoint> open_any_name(std::string_view note, const tlog::VerifierKey& key) {
    const auto name = note.substr(0, note.find('\n'));
    return tlog::open_checkpoint(note, {.name = std::string(name), .key = key.key});
}

Standing decide_standing(const std::vector<ForkEntry>& forks,
                         const std::string& name,
                         const tlog::Checkpoint& checkpoint) {
    if (checkpoint.origin == name) {
        return Standing::own;
    }
    for (const auto& fork : forks) {
        if (fork.former == checkpoint.origin && checkpoint.size <= fork.kept) {
            return Standing::own;
        }
        if (fork.seen_origin == checkpoint.origin && checkpoint.size == fork.seen &&
            tlog::write_hash(checkpoint.root) == fork.seen_root) {
            return Standing::lost;
        }
    }
    return Standing::unknown;
}

Result<Forked> fork_log(store::Connection& connection,
                        const LogIdentity& identity,
                        std::string_view seen,
                        const ForkRequest& request,
                        const Clock& clock,
                        Random& random) {
    if (!has_text(request.reason)) {
        return fail(
            "seal.bad_reason",
            Fault::sender,
            "say in 1 to 1000 octets why the older log is accepted: it stands in the log for good");
    }
    BULLA_TRY(edge, load_log_edge(connection, identity));
    const auto state = check_not_rolled_back(connection, edge, seen, identity);
    if (state) {
        return fail(
            "seal.not_rolled_back",
            Fault::sender,
            "the log is not older than the last checkpoint seen: there is nothing to accept");
    }
    if (state.error().code != "seal.rolled_back") {
        return std::unexpected(state.error());
    }
    BULLA_TRY(newest,
              open_any_name(seen, {.name = identity.origin, .key = identity.signer->public_key()}));
    Forked forked{.origin = make_name(identity.origin, random),
                  .entry = {.time = clock.now(),
                            .former = identity.origin,
                            .kept = edge.frontier.size(),
                            .kept_root = tlog::write_hash(edge.frontier.root()),
                            .seen_origin = newest.origin,
                            .seen = newest.size,
                            .seen_root = tlog::write_hash(newest.root),
                            .actor = request.actor,
                            .reason = request.reason}};
    BULLA_TRY(tx, store::Tx::begin(connection));
    BULLA_CHECK(
        insert_fork(tx, edge, {.origin = forked.origin, .signer = identity.signer}, forked.entry));
    BULLA_CHECK(tx.finish());
    forked.note = edge.note;
    return forked;
}

}  // namespace bulla::seal

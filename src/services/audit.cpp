#include "services/json_time.h"
#include "services/page.h"
#include "services/table.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

namespace bulla::services {
namespace {

// Entries that one page looks through at most, all actions together.
constexpr std::size_t most_visited = 20000;
constexpr std::size_t most_actions = 1000;
// One entry a run of the group commit: hidden, unless asked for, since nobody would find an act among them.
constexpr std::string_view frequent = "key.";

using Row =
    std::tuple<std::int64_t, std::int64_t, std::string, std::string, std::string, std::string>;

struct AuditQuery {
    std::string actor{}, action{}, target{};
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
    std::size_t limit = usual_page;
};

bool fits(const AuditQuery& query, const Row& row) {
    return (query.actor.empty() || std::get<2>(row) == query.actor) &&
           (query.target.empty() || std::get<4>(row) == query.target);
}

/// The actions that there are and that the query asks for: by the index, one step each.
Result<std::vector<std::string>> list_actions(store::Connection& connection,
                                              const AuditQuery& query) {
    std::vector<std::string> actions;
    std::string last;
    for (std::size_t i = 0; i < most_actions; ++i) {
        BULLA_TRY(next,
                  connection.query_first<std::optional<std::string>>(
                      "select min(action) from audit where action > :last", {last}));
        const auto action = next ? std::get<0>(*next) : std::nullopt;
        if (!action) {
            break;
        }
        last = *action;
        const bool asked_for =
            query.action.empty() ? !last.starts_with(frequent) : last.starts_with(query.action);
        if (asked_for) {
            actions.push_back(last);
        }
    }
    return actions;
}

/// What was found, newest first, and how far back that is all there is.
struct Found {
    std::set<Row, std::greater<>> rows;
    std::int64_t boundary = 0;  ///< Entries before this one were not looked at; 0: all were.
};

/// Adds the newest entries of one action; `share`: how many may be looked at.
Result<void> find_entries(store::Connection& connection,
                          const AuditQuery& query,
                          const std::string& action,
                          std::size_t share,
                          Found& found) {
    std::size_t visited = 0;
    std::size_t fitting = 0;
    const auto take = [&](Row&& row) {
        if (fitting == query.limit || visited == share) {
            found.boundary = std::max(found.boundary, std::get<0>(row) + 1);
            return false;
        }
        ++visited;
        if (fits(query, row)) {
            ++fitting;
            found.rows.insert(std::move(row));
        }
        return true;
    };
    return connection
        .visit<std::int64_t, std::int64_t, std::string, std::string, std::string, std::string>(
            "select idx, at, actor, action, target, detail from audit where action = :action and "
            "idx < :before order by idx desc",
            {action, query.before},
            take);
}

Result<AuditQuery> read_query(Arguments& in) {
    AuditQuery query;
    BULLA_TRY(limit, read_limit(in));
    query.limit = limit;
    BULLA_TRY(before, read_cursor(in, query.before));
    query.before = before;
    BULLA_TRY(actor, in.text_or("actor", "", 191));
    query.actor = actor;
    BULLA_TRY(action, in.text_or("action", "", 64));
    query.action = action;
    BULLA_TRY(target, in.text_or("target", "", 320));
    query.target = target;
    return query;
}

}  // namespace

// {"cursor"?, "limit"?, "actor"?, "action"? (how it begins; "key." for key use, which is left out else), "target"?} → {"items": [{"index",
// "at", "actor", "action", "target", "detail"}], "next"?}, newest first. A page looks through 20,000 entries at most.
Result<json> list_audit(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(query, read_query(in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(actions, list_actions(*connection, query));
    Found found;
    for (const auto& action : actions) {
        const auto share = std::max<std::size_t>(1, most_visited / actions.size());
        BULLA_CHECK(find_entries(*connection, query, action, share, found));
    }
    json out{{"items", json::array()}};
    for (const auto& [index, at, actor, action, target, detail] : found.rows) {
        if (index < found.boundary || out["items"].size() == query.limit) {
            break;
        }
        out["items"].push_back({{"index", index},
                                {"at", json_time(at)},
                                {"actor", actor},
                                {"action", action},
                                {"target", target},
                                {"detail", detail}});
    }
    const bool is_full = out["items"].size() == query.limit && found.rows.size() > query.limit;
    if (is_full || found.boundary > 0) {
        const auto last = is_full ? out["items"].back()["index"].get<std::int64_t>() : 0;
        out["next"] = std::to_string(std::max(last, found.boundary));
    }
    return out;
}

}  // namespace bulla::services

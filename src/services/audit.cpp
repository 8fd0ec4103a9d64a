#include "services/json_time.h"
#include "services/page.h"
#include "services/table.h"

#include <limits>
#include <tuple>

namespace bulla::services {
namespace {

struct AuditQuery {
    std::string actor{}, action{}, target{};
};

bool fits(const AuditQuery& query,
          std::string_view actor,
          std::string_view action,
          std::string_view target) {
    return (query.actor.empty() || actor == query.actor) && action.starts_with(query.action) &&
           (query.target.empty() || target == query.target);
}

}  // namespace

// {"cursor"?, "limit"?, "actor"?, "action"? (how it begins), "target"?} → {"items": [{"index", "at", "actor", "action", "target", "detail"}],
// "next"?}, newest first. A page looks through 20,000 entries at most.
Result<json> list_audit(ServiceContext& context, const Caller&, const json& arguments) {
    constexpr std::size_t most_visited = 20000;
    Arguments in(arguments);
    BULLA_TRY(limit, read_limit(in));
    BULLA_TRY(before, read_cursor(in, std::numeric_limits<std::int64_t>::max()));
    AuditQuery query;
    BULLA_TRY(actor, in.text_or("actor", "", 191));
    query.actor = actor;
    BULLA_TRY(action, in.text_or("action", "", 64));
    query.action = action;
    BULLA_TRY(target, in.text_or("target", "", 320));
    query.target = target;
    BULLA_CHECK(in.finish());
    BULLA_TRY(connection, context.database.lease());
    json out{{"items", json::array()}};
    std::size_t visited = 0;
    const auto take = [&](std::tuple<std::int64_t,
                                     std::int64_t,
                                     std::string,
                                     std::string,
                                     std::string,
                                     std::string>&& row) {
        const auto& [index, at, by, what, whom, detail] = row;
        if (out["items"].size() == limit || visited == most_visited) {
            out["next"] = std::to_string(index + 1);
            return false;
        }
        ++visited;
        if (fits(query, by, what, whom)) {
            out["items"].push_back({{"index", index},
                                    {"at", json_time(at)},
                                    {"actor", by},
                                    {"action", what},
                                    {"target", whom},
                                    {"detail", detail}});
        }
        return true;
    };
    BULLA_CHECK((
        connection
            ->visit<std::int64_t, std::int64_t, std::string, std::string, std::string, std::string>(
                "select idx, at, actor, action, target, detail from audit where idx < :before "
                "order "
                "by idx desc",
                {before},
                take)));
    return out;
}

}  // namespace bulla::services

#include "archive/token_backfill.h"

#include "archive/catalogue.h"
#include "archive/summary.h"
#include "archive/tokens.h"

#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace bulla::archive {
namespace {

constexpr std::string_view cursor_name = "token_backfill";
constexpr std::string_view done_word = "done";

/// What is left: messages after `cursor`, up to `last`. Those that came later have their tokens.
struct Rest {
    std::int64_t cursor = 0;
    std::int64_t last = 0;
};

struct MessageTokens {
    std::int64_t message = 0;
    std::vector<std::int64_t> tokens;
};

struct Step {
    std::vector<MessageTokens> messages;
    std::string cursor;  ///< What the row says after it.
};

Result<std::optional<Rest>> load_rest(store::Connection& connection) {
    BULLA_TRY(row,
              connection.query_first<std::string>("select value from meta where name = :name",
                                                  {cursor_name}));
    if (row && std::get<0>(*row) == done_word) {
        return std::optional<Rest>();
    }
    Rest rest;
    if (row && std::istringstream(std::get<0>(*row)) >> rest.cursor >> rest.last) {
        return std::optional(rest);
    }
    BULLA_TRY(newest,
              connection.query_first<std::optional<std::int64_t>>(
                  "select max(id) from message where archived = 1"));
    return std::optional(
        Rest{.cursor = -1, .last = newest ? std::get<0>(*newest).value_or(-1) : -1});
}

Result<std::vector<std::int64_t>> list_next(store::Connection& connection,
                                            const Rest& rest,
                                            std::size_t limit) {
    std::vector<std::int64_t> ids;
    BULLA_CHECK(connection.visit<std::int64_t>(
        "select id from message where archived = 1 and id > :after and id <= :last order by id",
        {rest.cursor, rest.last},
        [&](std::tuple<std::int64_t>&& row) {
            ids.push_back(std::get<0>(row));
            return ids.size() < limit;
        }));
    return ids;
}

Result<MessageTokens> make_message_tokens(const Catalogue& catalogue,
                                          const vault::Vault& vault,
                                          std::int64_t id) {
    MessageTokens made{.message = id, .tokens = {}};
    BULLA_TRY(stored, catalogue.message(MessageId(id)));
    if (!stored) {
        return made;
    }
    if (auto summary = parse_summary(stored->row.summary); summary) {
        // Older summaries do not say which way the message went.
        if (summary->direction.empty()) {
            summary->direction = stored->row.role == "inbound" ? "in" : "out";
        }
        made.tokens = make_tokens(vault, terms_of(*summary));
    }
    return made;
}

Result<void> write_step(store::Tx& tx, const Step& step) {
    for (const auto& [message, tokens] : step.messages) {
        for (const auto token : tokens) {
            BULLA_CHECK(tx.run(
                "insert into message_token (token, message_id) select :token, :message_id where "
                "not "
                "exists (select 1 from message_token where token = :same_token and message_id = "
                ":same_message)",
                {token, message, token, message}));
        }
    }
    BULLA_TRY(changed,
              tx.run_counted("update meta set value = :value where name = :name",
                             {step.cursor, cursor_name}));
    if (changed == 0) {
        return tx.run("insert into meta (name, value) values (:name, :value)",
                      {cursor_name, step.cursor});
    }
    return {};
}

}  // namespace

Result<std::optional<Backfill>> make_backfill(store::Connection& connection,
                                              const vault::Vault& vault,
                                              std::size_t limit) {
    BULLA_TRY(rest, load_rest(connection));
    if (!rest) {
        return std::optional<Backfill>();
    }
    BULLA_TRY(ids, list_next(connection, *rest, limit));
    auto step = std::make_shared<Step>();
    const Catalogue catalogue(connection, vault);
    for (const auto id : ids) {
        BULLA_TRY(made, make_message_tokens(catalogue, vault, id));
        step->messages.push_back(std::move(made));
    }
    step->cursor = ids.size() < limit
                       ? std::string(done_word)
                       : std::to_string(ids.back()) + " " + std::to_string(rest->last);
    return std::optional(Backfill{
        .messages = ids.size(),
        .rows = [step = std::shared_ptr<const Step>(std::move(step))](
                    store::Tx& tx, const seal::Committed&) { return write_step(tx, *step); }});
}

}  // namespace bulla::archive

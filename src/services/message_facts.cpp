#include "services/message_facts.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <set>
#include <tuple>

namespace bulla::services {
namespace {

// A statement is prepared once for each text: so each asks for as many messages, the last one again where there are fewer.
constexpr std::size_t at_once = 25;
constexpr std::size_t most_rows = std::size_t{1000} * at_once;

/// "… in (:m0, …, :m24) …" from "… in ({}) …".
std::string with_places(std::string_view sql) {
    std::string places;
    for (std::size_t i = 0; i < at_once; ++i) {
        places += fmt::format("{}:m{}", i == 0 ? "" : ", ", i);
    }
    return fmt::format(fmt::runtime(sql), places);
}

using Words = std::map<MessageId, std::set<std::string>>;

/// The distinct second columns of the rows of each message, whose number is the first.
Result<void> gather(store::Connection& connection,
                    const std::string& sql,
                    std::span<const store::Param> ids,
                    Words& words) {
    std::size_t rows = 0;
    return connection.visit<std::int64_t, std::string>(
        sql, store::Params(ids), [&](std::tuple<std::int64_t, std::string>&& row) {
            words[MessageId(std::get<0>(row))].insert(std::move(std::get<1>(row)));
            return ++rows < most_rows;
        });
}

std::string describe(const std::set<std::string>& waiting, const std::set<std::string>& events) {
    const bool delivered = events.contains("delivered");
    const bool failed = events.contains("failed");
    if (!waiting.empty()) {
        return waiting.contains("held") ? "held" : delivered || failed ? "partly" : "queued";
    }
    if (delivered) {
        return failed ? "partly" : "delivered";
    }
    return failed ? "failed" : "none";
}

Result<void> load_some(store::Connection& connection,
                       std::span<const MessageId> ids,
                       std::map<MessageId, MessageFacts>& facts) {
    static const std::string of_signers =
        with_places("select message_id, signer_id from message_signature where message_id in ({})");
    static const std::string of_waiting = with_places(
        "select distinct message_id, state from queue_delivery where message_id in ({})");
    static const std::string of_events =
        with_places("select distinct message_id, kind from message_event where message_id in ({})");
    std::vector<store::Param> numbers;
    numbers.reserve(at_once);
    for (std::size_t i = 0; i < at_once; ++i) {
        numbers.emplace_back(ids[std::min(i, ids.size() - 1)].number());
    }
    Words signers;
    Words waiting;
    Words events;
    BULLA_CHECK(gather(connection, of_signers, numbers, signers));
    BULLA_CHECK(gather(connection, of_waiting, numbers, waiting));
    BULLA_CHECK(gather(connection, of_events, numbers, events));
    for (const MessageId id : ids) {
        facts[id] = {.signers = {signers[id].begin(), signers[id].end()},
                     .delivery = describe(waiting[id], events[id])};
    }
    return {};
}

}  // namespace

Result<std::map<MessageId, MessageFacts>> load_message_facts(store::Connection& connection,
                                                             std::span<const MessageId> ids) {
    std::map<MessageId, MessageFacts> facts;
    while (!ids.empty()) {
        const auto some = ids.first(std::min(ids.size(), at_once));
        BULLA_CHECK(load_some(connection, some, facts));
        ids = ids.subspan(some.size());
    }
    return facts;
}

}  // namespace bulla::services

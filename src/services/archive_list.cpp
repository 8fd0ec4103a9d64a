#include "base/date.h"
#include "services/archive.h"
#include "services/page.h"
#include "services/table.h"

#include <algorithm>
#include <iterator>

namespace bulla::services {
namespace {

Result<void> bad(std::string_view name, std::string_view why) {
    return refuse(name, "service.bad_argument", std::string(name) + " " + std::string(why));
}

/// The argument `name` as a moment; none without it.
Result<std::optional<Time>> read_moment(Arguments& in, std::string_view name) {
    BULLA_TRY(text, in.text_or(name, "", 64));
    if (text.empty()) {
        return std::optional<Time>();
    }
    const auto time = parse_rfc3339(text);
    if (!time) {
        BULLA_CHECK(bad(name, "must be a time such as 2026-11-22T06:10:00Z"));
    }
    return std::optional(*time);
}

Result<void> read_term(Arguments& in,
                       std::string_view name,
                       archive::TermKind kind,
                       archive::ListQuery& query) {
    BULLA_TRY(value, in.text_or(name, "", 320));
    const bool is_address =
        kind == archive::TermKind::sender || kind == archive::TermKind::recipient;
    if (!value.empty() && is_address && value.find('@') == std::string::npos) {
        return bad(name, "must be an address, or @domain");
    }
    if (!value.empty()) {
        query.terms.push_back(archive::make_term(kind, value));
    }
    return {};
}

Result<archive::ListQuery> read_query(Arguments& in) {
    archive::ListQuery query;
    BULLA_TRY(limit, read_limit(in));
    query.limit = limit;
    BULLA_TRY(cursor, in.text_or("cursor", "", 64));
    if (!cursor.empty()) {
        const auto before = MessageId::parse(cursor);
        if (!before) {
            BULLA_CHECK(bad("cursor", "must be `next` of an answer"));
        }
        query.before = *before;
    }
    BULLA_TRY(from, read_moment(in, "from"));
    query.from = from;
    BULLA_TRY(to, read_moment(in, "to"));
    query.to = to;
    // The rarest first: its index drives the search.
    BULLA_CHECK(read_term(in, "recipient", archive::TermKind::recipient, query));
    BULLA_CHECK(read_term(in, "sender", archive::TermKind::sender, query));
    BULLA_CHECK(read_term(in, "group", archive::TermKind::group, query));
    BULLA_CHECK(read_term(in, "direction", archive::TermKind::direction, query));
    BULLA_TRY(subject, in.text_or("subject", "", 200));
    query.subject = subject;
    BULLA_TRY(check, in.text_or("check", "", 16));
    query.check = check;
    return query;
}

}  // namespace

// {"cursor"?, "limit"?, "from"?, "to"?, "sender"?, "recipient"?, "subject"?, "direction"?, "check"?, "group"?} → {"items": [Message], "next"?},
// newest first.
Result<json> list_messages(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(query, read_query(in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(reading, ArchiveReading::open(context));
    if (query.check == "disabled") {
        // ARC-10: all messages are that, or none is.
        if (reading.verifies_signatures()) {
            return json{{"items", json::array()}};
        }
        query.check.clear();
    }
    BULLA_TRY(page, reading.catalogue().list(query));
    std::vector<MessageId> ids;
    std::ranges::transform(
        page.messages, std::back_inserter(ids), [](const auto& one) { return one.row.id; });
    BULLA_TRY(facts, load_message_facts(reading.connection(), ids));
    json out{{"items", json::array()}};
    for (const auto& stored : page.messages) {
        out["items"].push_back(describe_message(reading, stored, facts[stored.row.id]));
    }
    if (page.next) {
        out["next"] = page.next->text();
    }
    return out;
}

}  // namespace bulla::services

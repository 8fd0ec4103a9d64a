#include "archive/catalogue.h"

#include "archive/summary.h"
#include "base/encoding.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <tuple>

namespace bulla::archive {

namespace {

using std::int64_t;
using std::string;

constexpr std::size_t max_rows = 10000;

/// The identities that texts are sealed under: a text moved to another row or column does not open there.
string text_identity(MessageId id, std::string_view column) {
    return fmt::format("message/{}/{}", id.number(), column);
}

string event_identity(MessageId id, int64_t sequence) {
    return fmt::format("message/{}/event/{}", id.number(), sequence);
}

string open_text(const vault::Vault& vault,
                 const string& identity,
                 const string& sealed,
                 std::optional<Error>& error) {
    const auto opened = vault.open_sealed(identity, sealed, vault::Label::catalogue);
    if (!opened) {
        error = opened.error();
        return {};
    }
    return string(opened->view());
}

// {}: the trace, or a stand-in where nobody reads it: it is the longest text of a row, and lists open many.
constexpr std::string_view message_columns =
    "m.id, m.leaf, m.archived, m.role, m.size, m.volume, m.pack, m.pos, m.len, m.slot, m.summary, "
    "{}, c.state, c.at, c.seal, l.hash";
constexpr std::string_view message_joins =
    "left join message_check c on c.message_id = m.id left join log_leaf l on l.idx = m.leaf";
constexpr std::string_view no_trace = "''";
using MessageTuple = std::tuple<int64_t,
                                int64_t,
                                int64_t,
                                string,
                                int64_t,
                                string,
                                int64_t,
                                int64_t,
                                int64_t,
                                int64_t,
                                string,
                                string,
                                std::optional<string>,
                                std::optional<int64_t>,
                                std::optional<string>,
                                std::optional<string>>;

/// Gives the messages of a query over message_columns.
template <class Take>
Result<void> visit_messages(store::Connection& connection,
                            const string& sql,
                            store::Params params,
                            Take&& take) {
    return connection.visit<int64_t,
                            int64_t,
                            int64_t,
                            string,
                            int64_t,
                            string,
                            int64_t,
                            int64_t,
                            int64_t,
                            int64_t,
                            string,
                            string,
                            std::optional<string>,
                            std::optional<int64_t>,
                            std::optional<string>,
                            std::optional<string>>(sql, params, std::forward<Take>(take));
}

enum class Texts { all, summary };

StoredMessage read_message(const MessageTuple& row, const vault::Vault& vault, Texts texts) {
    const auto& [id,
                 leaf,
                 archived,
                 role,
                 size,
                 volume,
                 pack,
                 pos,
                 len,
                 slot,
                 summary,
                 trace,
                 check,
                 checked,
                 seal,
                 leaf_hash] = row;
    StoredMessage stored{
        .row = {.id = MessageId(id),
                .leaf = leaf,
                .archived = archived != 0,
                .role = role,
                .size = static_cast<std::uint64_t>(std::max<int64_t>(size, 0)),
                .address =
                    {.volume = volume, .pack = pack, .offset = pos, .length = len, .slot = slot}},
        .check = check.value_or(""),
        .seal = seal.value_or(""),
        .checked = from_micros(checked.value_or(0)),
        .leaf_hash = leaf_hash.value_or("")};
    stored.row.summary =
        open_text(vault, text_identity(stored.row.id, "summary"), summary, stored.text_error);
    if (texts == Texts::all) {
        stored.row.trace =
            open_text(vault, text_identity(stored.row.id, "trace"), trace, stored.text_error);
    }
    return stored;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool holds(std::string_view text, std::string_view part) {
    return std::ranges::search(text, part, {}, lower, lower).begin() != text.end() || part.empty();
}

bool fits(const ListQuery& query, const MessageRow& row) {
    if (query.sender.empty() && query.recipient.empty() && query.subject.empty()) {
        return true;
    }
    const auto summary = parse_summary(row.summary);
    if (!summary) {
        return false;
    }
    const auto any = [&](const std::vector<string>& texts) {
        return std::ranges::any_of(
            texts, [&](const string& text) { return holds(text, query.recipient); });
    };
    return holds(summary->from, query.sender) && holds(summary->subject, query.subject) &&
           (query.recipient.empty() || any(summary->to) || any(summary->cc) ||
            any(summary->recipients));
}

/// The smallest and the largest number that a message received within the query's times can have.
std::pair<int64_t, int64_t> id_range(const ListQuery& query) {
    constexpr int node_and_sequence_bits = 22;
    constexpr std::int64_t epoch_ms = 1577836800000;  // 2020-01-01
    const auto first_of = [](Time time) {
        const auto ms =
            std::clamp<int64_t>(to_micros(time) / 1000 - epoch_ms, 0, (int64_t{1} << 41) - 1);
        return ms << node_and_sequence_bits;
    };
    const int64_t low = query.from ? first_of(*query.from) : 0;
    int64_t high = query.to ? first_of(*query.to) : std::numeric_limits<int64_t>::max();
    if (query.before) {
        high = std::min(high, query.before->number());
    }
    return {low, high};
}

bool asks_state(const ListQuery& query) {
    return !query.check.empty() && query.check != "unchecked";
}

}  // namespace

SealedMessage seal_message(const vault::Vault& vault, MessageRow row) {
    row.summary =
        vault.seal(text_identity(row.id, "summary"), row.summary, vault::Label::catalogue);
    row.trace = vault.seal(text_identity(row.id, "trace"), row.trace, vault::Label::catalogue);
    auto tokens = make_tokens(vault, row.terms);
    return {.row = std::move(row), .tokens = std::move(tokens)};
}

Result<void> insert_message(store::Tx& tx,
                            const SealedMessage& message,
                            const seal::Address& address,
                            std::int64_t leaf) {
    const auto& row = message.row;
    BULLA_CHECK(
        tx.run("insert into message (id, leaf, archived, role, size, volume, pack, pos, len, slot, "
               "summary, trace) values "
               "(:id, :leaf, :archived, :role, :size, :volume, :pack, :pos, :len, :slot, :summary, "
               ":trace)",
               {row.id.number(),
                leaf,
                row.archived ? 1 : 0,
                row.role,
                row.size,
                address.volume,
                address.pack,
                address.offset,
                address.length,
                address.slot,
                row.summary,
                row.trace}));
    if (row.archived) {
        for (const auto token : message.tokens) {
            BULLA_CHECK(
                tx.run("insert into message_token (token, message_id) values (:token, :message_id)",
                       {token, row.id.number()}));
        }
    }
    return {};
}

Result<void> save_check(store::Tx& tx, MessageId id, const CheckState& state, Time at) {
    BULLA_TRY(
        changed,
        tx.run_counted("update message_check set state = :state, seal = :seal, at = :at where "
                       "message_id = :id",
                       {state.check, state.seal, to_micros(at), id.number()}));
    if (changed == 0) {
        return tx.run(
            "insert into message_check (message_id, state, seal, at) values (:id, :state, :seal, "
            ":at)",
            {id.number(), state.check, state.seal, to_micros(at)});
    }
    return {};
}

Result<void> insert_signature(store::Tx& tx, const SignatureRow& row) {
    const auto signature = base64_encode(row.signature);
    return tx.run(
        "insert into message_signature (message_id, signer_id, algorithm, key_fingerprint, "
        "signature, signed_at) values "
        "(:message_id, :signer_id, :algorithm, :key_fingerprint, :signature, :signed_at)",
        {row.message.number(),
         row.signer,
         row.algorithm,
         row.key_fingerprint,
         signature,
         to_micros(row.signed_at)});
}

Result<void> insert_event(store::Tx& tx, const vault::Vault& vault, const EventRow& event) {
    BULLA_TRY(
        last,
        tx.query_first<std::optional<int64_t>>(
            "select max(seq) from message_event where message_id = :id", {event.message.number()}));
    const int64_t sequence = last ? std::get<0>(*last).value_or(0) + 1 : 1;
    const auto detail =
        vault.seal(event_identity(event.message, sequence), event.detail, vault::Label::catalogue);
    return tx.run(
        "insert into message_event (message_id, seq, at, kind, detail) values (:id, :seq, :at, "
        ":kind, :detail)",
        {event.message.number(), sequence, to_micros(event.at), event.kind, detail});
}

Result<std::optional<StoredMessage>> Catalogue::message(MessageId id) const {
    static const string sql = fmt::format("select {} from message m {} where m.id = :id",
                                          fmt::format(message_columns, "m.trace"),
                                          message_joins);
    std::optional<StoredMessage> found;
    const auto take = [&](MessageTuple&& row) {
        found = read_message(row, vault_, Texts::all);
        return false;
    };
    BULLA_CHECK(visit_messages(connection_, sql, {id.number()}, take));
    return found;
}

Result<std::vector<SignatureRow>> Catalogue::signatures(MessageId id) const {
    std::vector<SignatureRow> rows;
    const auto take = [&](std::tuple<string, string, string, string, int64_t>&& row) {
        auto& [signer, algorithm, fingerprint, signature, at] = row;
        // What is not base64 is kept as it is: it will not verify.
        auto bytes = base64_decode(signature);
        rows.push_back({id,
                        std::move(signer),
                        std::move(algorithm),
                        std::move(fingerprint),
                        bytes ? std::move(*bytes) : std::move(signature),
                        from_micros(at)});
        return rows.size() < max_rows;
    };
    BULLA_CHECK((connection_.visit<string, string, string, string, int64_t>(
        "select signer_id, algorithm, key_fingerprint, signature, signed_at from message_signature "
        "where message_id = :id order by signer_id",
        {id.number()},
        take)));
    return rows;
}

Result<std::vector<StoredEvent>> Catalogue::events(MessageId id) const {
    std::vector<StoredEvent> events;
    const auto take = [&](std::tuple<int64_t, int64_t, string, string>&& row) {
        auto& [sequence, at, kind, detail] = row;
        StoredEvent event{.row = {.message = id,
                                  .sequence = sequence,
                                  .at = from_micros(at),
                                  .kind = std::move(kind)}};
        event.row.detail =
            open_text(vault_, event_identity(id, sequence), detail, event.text_error);
        events.push_back(std::move(event));
        return events.size() < max_rows;
    };
    BULLA_CHECK((connection_.visit<int64_t, int64_t, string, string>(
        "select seq, at, kind, detail from message_event where message_id = :id order by seq",
        {id.number()},
        take)));
    return events;
}

// Newest first, driven by the first condition's index; "cross join" keeps SQLite to that order.
string make_list_sql(const ListQuery& query) {
    string from = "message m";
    string id = "m.id";
    string where = "m.archived = 1";
    std::size_t next_token = 0;
    const bool by_state = asks_state(query);
    if (!query.terms.empty()) {
        from = "message_token t cross join message m";
        id = "t.message_id";
        where = "t.token = :token0 and m.id = t.message_id and m.archived = 1";
        next_token = 1;
    } else if (by_state) {
        from = "message_check s cross join message m";
        id = "s.message_id";
        where = "s.state = :state and m.id = s.message_id and m.archived = 1";
    }
    for (; next_token < query.terms.size(); ++next_token) {
        where += fmt::format(
            " and exists (select 1 from message_token x where x.token = :token{} and x.message_id "
            "= {})",
            next_token,
            id);
    }
    if (by_state && !query.terms.empty()) {
        where += fmt::format(
            " and exists (select 1 from message_check s where s.state = :state and s.message_id = "
            "{})",
            id);
    }
    return fmt::format(
        "select {} from {} {} where {} and {} >= :low and {} < :high order by {} desc",
        fmt::format(message_columns, no_trace),
        from,
        message_joins,
        where,
        id,
        id,
        id);
}

Result<Page> Catalogue::list(const ListQuery& query) const {
    const auto asked = make_list_sql(query);
    const auto [low, high] = id_range(query);
    std::vector<store::Param> params;
    const auto tokens = make_tokens(vault_, query.terms);
    params.insert(params.end(), tokens.begin(), tokens.end());
    if (asks_state(query)) {
        params.emplace_back(query.check);
    }
    params.emplace_back(low);
    params.emplace_back(high);
    Page page;
    std::size_t opened = 0;
    const auto take = [&](MessageTuple&& row) {
        if (page.messages.size() == query.limit || opened == query.window) {
            page.next = MessageId(std::get<0>(row) + 1);
            return false;
        }
        ++opened;
        if (query.check == "unchecked") {
            const auto found = std::get<12>(row).value_or("disabled");
            if (found != "disabled" && found != "unchecked") {
                return true;
            }
        }
        auto stored = read_message(row, vault_, Texts::summary);
        if (fits(query, stored.row)) {
            page.messages.push_back(std::move(stored));
        }
        return true;
    };
    BULLA_CHECK(visit_messages(
        connection_, asked, store::Params(std::span<const store::Param>(params)), take));
    return page;
}

Result<PublicKeys> Catalogue::kept_keys() const {
    PublicKeys keys;
    std::size_t rows = 0;
    BULLA_CHECK(connection_.visit<string>(
        "select public_key from signer_key", {}, [&](std::tuple<string>&& row) {
            if (const auto key = crypto::PublicKey::parse_pem(std::get<0>(row))) {
                keys.add(*key);
            }
            return ++rows < max_rows;
        }));
    return keys;
}

Result<std::optional<string>> Catalogue::setting(std::string_view name) const {
    BULLA_TRY(row,
              connection_.query_first<string>(
                  "select value from setting where scope = '' and name = :name", {name}));
    return row ? std::optional(std::get<0>(*row)) : std::nullopt;
}

Result<std::vector<Catalogue::Place>> Catalogue::places(MessageId after, std::size_t limit) const {
    std::vector<Place> places;
    BULLA_CHECK((connection_.visit<int64_t, int64_t>(
        "select id, leaf from message where id > :after and (leaf >= 0 or archived = 1) order by "
        "id",
        {after.number()},
        [&](std::tuple<int64_t, int64_t>&& row) {
            places.push_back({MessageId(std::get<0>(row)), std::get<1>(row)});
            return places.size() < limit;
        })));
    return places;
}

}  // namespace bulla::archive

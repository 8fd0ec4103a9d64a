#include "queue/table.h"

#include "queue/payload.h"

#include <fmt/format.h>

namespace bulla::queue {

namespace {

// Texts that name the columns of a whole row in the order of RowTuple.
constexpr std::string_view select_by_id =
    "select id, message_id, route, destination, state, next_attempt, attempts, created, expires, "
    "warned, volume, pack, pos, len, slot, own_record, last_error, payload from queue_delivery "
    "where id = :id";
constexpr std::string_view select_page =
    "select id, message_id, route, destination, state, next_attempt, attempts, created, expires, "
    "warned, volume, pack, pos, len, slot, own_record, last_error, payload from queue_delivery "
    "where id > :after and (:s1 = '' or state = :s2) and (:d1 = '' or destination = :d2) and "
    "(:r1 = '' or route = :r2) and (:m1 = 0 or message_id = :m2) order by id limit :most";

using RowTuple = std::tuple<std::int64_t,
                            std::int64_t,
                            std::string,
                            std::string,
                            std::string,
                            std::int64_t,
                            std::int64_t,
                            std::int64_t,
                            std::int64_t,
                            std::int64_t,
                            std::string,
                            std::int64_t,
                            std::int64_t,
                            std::int64_t,
                            std::int64_t,
                            std::int64_t,
                            std::string,
                            std::string>;

Row make_row(RowTuple&& columns) {
    auto& [id,
           message,
           route,
           destination,
           state,
           next_attempt,
           attempts,
           created,
           expires,
           warned,
           volume,
           pack,
           pos,
           len,
           slot,
           own_record,
           last_error,
           payload] = columns;
    return {.id = DeliveryId(id),
            .message = MessageId(message),
            .route = std::move(route),
            .destination = std::move(destination),
            .state = std::move(state),
            .next_attempt = from_micros(next_attempt),
            .attempts = static_cast<unsigned>(attempts),
            .created = from_micros(created),
            .expires = from_micros(expires),
            .warned = warned != 0,
            .address = {.volume = std::move(volume),
                        .pack = pack,
                        .offset = pos,
                        .length = len,
                        .slot = slot},
            .own_record = own_record != 0,
            .last_error = std::move(last_error),
            .payload = std::move(payload)};
}

template <class T>
struct VisitRows;

template <class... Ts>
struct VisitRows<std::tuple<Ts...>> {
    static Result<std::vector<Row>> run(store::Connection& connection,
                                        std::string_view sql,
                                        store::Params params) {
        std::vector<Row> rows;
        BULLA_CHECK(connection.visit<Ts...>(sql, params, [&](std::tuple<Ts...>&& columns) {
            rows.push_back(make_row(std::move(columns)));
            return true;
        }));
        return rows;
    }
};

std::unexpected<Error> gone(DeliveryId id) {
    return fail("queue.gone",
                Fault::sender,
                fmt::format("the queue has no delivery {} (any more): see \"bulla queue list\"",
                            id.text()));
}

std::string identity(DeliveryId id, std::string_view column) {
    return fmt::format("queue_delivery/{}/{}", id.text(), column);
}

}  // namespace

Result<void> insert_row(store::Tx& tx, const Row& row, const Claim& claim) {
    return tx.run(
        "insert into queue_delivery (id, message_id, route, destination, state, next_attempt, "
        "attempts, created, expires, warned, owner, lease, attempt, volume, pack, pos, len, slot, "
        "own_record, last_error, payload) values (:id, :message_id, :route, :destination, :state, "
        ":next_attempt, :attempts, :created, :expires, :warned, :owner, :lease, :attempt, :volume, "
        ":pack, :pos, :len, :slot, :own_record, :last_error, :payload)",
        {row.id.number(),
         row.message.number(),
         row.route,
         row.destination,
         row.state,
         to_micros(row.next_attempt),
         row.attempts,
         to_micros(row.created),
         to_micros(row.expires),
         row.warned ? 1 : 0,
         claim.node,
         to_micros(claim.lease),
         claim.run,
         row.address.volume,
         row.address.pack,
         row.address.offset,
         row.address.length,
         row.address.slot,
         row.own_record ? 1 : 0,
         row.last_error,
         row.payload});
}

Result<void> delete_row(store::Tx& tx, DeliveryId id) {
    return tx.run("delete from queue_delivery where id = :id", {id.number()});
}

Result<void> update_row(store::Tx& tx, const Row& row) {
    BULLA_CHECK(
        tx.run("update queue_delivery set next_attempt = :next_attempt, attempts = "
               ":attempts, warned = :warned, last_error = :last_error where id = :id",
               {to_micros(row.next_attempt),
                row.attempts,
                row.warned ? 1 : 0,
                row.last_error,
                row.id.number()}));
    if (row.payload.empty()) {
        return {};
    }
    return tx.run("update queue_delivery set payload = :payload where id = :id",
                  {row.payload, row.id.number()});
}

Result<void> set_state(store::Tx& tx, DeliveryId id, std::string_view state, Time next_attempt) {
    BULLA_TRY(changed,
              tx.run_counted("update queue_delivery set state = :state, next_attempt = "
                             ":next_attempt where id = :id",
                             {state, to_micros(next_attempt), id.number()}));
    if (changed == 0) {
        return gone(id);
    }
    return {};
}

Result<Row> load_row(store::Connection& connection, DeliveryId id) {
    BULLA_TRY(rows, VisitRows<RowTuple>::run(connection, select_by_id, {id.number()}));
    if (rows.empty()) {
        return gone(id);
    }
    return std::move(rows.front());
}

Result<std::vector<Row>> load_rows(store::Connection& connection,
                                   const RowFilter& filter,
                                   std::int64_t after,
                                   std::size_t limit) {
    return VisitRows<RowTuple>::run(connection,
                                    select_page,
                                    {after,
                                     filter.state,
                                     filter.state,
                                     filter.destination,
                                     filter.destination,
                                     filter.route,
                                     filter.route,
                                     filter.message,
                                     filter.message,
                                     limit});
}

Result<std::vector<DueRow>> load_due(store::Connection& connection,
                                     unsigned node,
                                     Time now,
                                     const DueRow& after,
                                     std::size_t limit) {
    std::vector<DueRow> rows;
    const auto at = to_micros(after.next_attempt);
    BULLA_CHECK((connection.visit<std::int64_t, std::int64_t, std::string, std::string>(
        "select id, next_attempt, route, destination from queue_delivery where state = 'queued' "
        "and next_attempt >= :at and next_attempt <= :now and (next_attempt > :at2 or id > :id) "
        "and (owner = :node or lease <= :now2) order by next_attempt, id limit :most",
        {at, to_micros(now), at, after.id.number(), node, to_micros(now), limit},
        [&](auto&& columns) {
            auto& [id, next_attempt, route, destination] = columns;
            rows.push_back({.id = DeliveryId(id),
                            .next_attempt = from_micros(next_attempt),
                            .route = std::move(route),
                            .destination = std::move(destination)});
            return true;
        })));
    return rows;
}

Result<std::optional<Time>> load_next_due(store::Connection& connection, Time now) {
    BULLA_TRY(row,
              connection.query_first<std::optional<std::int64_t>>(
                  "select min(next_attempt) from queue_delivery where state = 'queued' and "
                  "next_attempt > :now",
                  {to_micros(now)}));
    const auto due = row ? std::get<0>(*row) : std::nullopt;
    return due ? std::optional(from_micros(*due)) : std::nullopt;
}

Result<std::int64_t> count_sharing(store::Connection& connection,
                                   MessageId message,
                                   const seal::Address& address) {
    BULLA_TRY(row,
              connection.query_first<std::int64_t>(
                  "select count(*) from queue_delivery where message_id = :message and volume = "
                  ":volume and pack = :pack and slot = :slot",
                  {message.number(), address.volume, address.pack, address.slot}));
    return row ? std::get<0>(*row) : 0;
}

std::string seal_payload(const vault::Vault& vault, DeliveryId id, const Payload& payload) {
    return vault.seal(identity(id, "payload"), write_payload(payload), vault::Label::queue);
}

Result<Payload> open_payload(const vault::Vault& vault, const Row& row) {
    BULLA_TRY(plain,
              vault.open_sealed(identity(row.id, "payload"), row.payload, vault::Label::queue));
    return parse_payload(plain.view());
}

std::string seal_error(const vault::Vault& vault, DeliveryId id, std::string_view text) {
    return text.empty() ? std::string{}
                        : vault.seal(identity(id, "last_error"), text, vault::Label::queue);
}

std::string open_error(const vault::Vault& vault, const Row& row) {
    if (row.last_error.empty()) {
        return {};
    }
    const auto plain =
        vault.open_sealed(identity(row.id, "last_error"), row.last_error, vault::Label::queue);
    return plain ? std::string(plain->view()) : std::string{};
}

}  // namespace bulla::queue

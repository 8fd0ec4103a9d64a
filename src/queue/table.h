#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "queue/types.h"
#include "seal/record.h"
#include "store/connection.h"
#include "store/transaction.h"
#include "vault/vault.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::queue {

/// A row of queue_delivery (docs/formats/queue.md); `payload` and `last_error` are sealed.
struct Row {
    DeliveryId id;
    MessageId message;
    std::string route = {};
    std::string destination = {};
    std::string state = {};
    Time next_attempt = {};
    unsigned attempts = 0;
    Time created = {};
    Time expires = {};
    bool warned = false;
    seal::Address address = {};
    bool own_record = false;
    std::string last_error = {};
    std::string payload = {};
};

/// Who holds a row and until when.
struct Claim {
    unsigned node = 0;
    Time lease = {};
    std::string run = {};  ///< The run of the program that inserted it.
};

[[nodiscard]] Result<void> insert_row(store::Tx& tx, const Row& row, const Claim& claim);
[[nodiscard]] Result<void> delete_row(store::Tx& tx, DeliveryId id);
/// Writes what an attempt changed: next attempt, count, warned, error, and the payload unless it is empty.
[[nodiscard]] Result<void> update_row(store::Tx& tx, const Row& row);
/// Error: queue.gone.
[[nodiscard]] Result<void> set_state(store::Tx& tx,
                                     DeliveryId id,
                                     std::string_view state,
                                     Time next_attempt);
/// Error: queue.gone.
[[nodiscard]] Result<Row> load_row(store::Connection& connection, DeliveryId id);

/// Rows with an id above `after`, in order of id. Empty texts do not narrow.
struct RowFilter {
    std::string state, destination, route;
    std::int64_t message = 0;  ///< 0: all.
};

[[nodiscard]] Result<std::vector<Row>> load_rows(store::Connection& connection,
                                                 const RowFilter& filter,
                                                 std::int64_t after,
                                                 std::size_t limit);

/// What the scheduler needs of a row.
struct DueRow {
    DeliveryId id;
    Time next_attempt;
    std::string route, destination;
};

/// Rows that are due at `now`, beyond the row `after`, in order of next attempt and id.
[[nodiscard]] Result<std::vector<DueRow>> load_due(
    store::Connection& connection, unsigned node, Time now, const DueRow& after, std::size_t limit);
/// When the first row after `now` is due; nothing if none waits.
[[nodiscard]] Result<std::optional<Time>> load_next_due(store::Connection& connection, Time now);
/// How many rows name this record.
[[nodiscard]] Result<std::int64_t> count_sharing(store::Connection& connection,
                                                 MessageId message,
                                                 const seal::Address& address);

[[nodiscard]] std::string seal_payload(const vault::Vault& vault,
                                       DeliveryId id,
                                       const Payload& payload);
/// Errors: vault.tampered, queue.bad_payload.
[[nodiscard]] Result<Payload> open_payload(const vault::Vault& vault, const Row& row);
[[nodiscard]] std::string seal_error(const vault::Vault& vault,
                                     DeliveryId id,
                                     std::string_view text);
/// Empty if it cannot be opened: it is for people only.
[[nodiscard]] std::string open_error(const vault::Vault& vault, const Row& row);

}  // namespace bulla::queue

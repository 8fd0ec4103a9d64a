#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "store/connection.h"
#include "store/transaction.h"

#include <string_view>

namespace bulla::store {

/// The schema that this program works with.
[[nodiscard]] int newest_schema();

/// The schema of the database; 0 if it has none yet. Errors: those of Connection.
[[nodiscard]] Result<int> schema_version(Connection& connection);

/// Brings the database to newest_schema(), each step in a transaction of its own; how many steps that took (0: nothing was to be done).
/// Errors: store.newer ("the database is of a newer program"), those of Connection.
[[nodiscard]] Result<int> migrate(Connection& connection, const Clock& clock);

/// For who only reads: store.newer, or store.older ("start the service once"), unless the database is just at newest_schema().
[[nodiscard]] Result<void> check_schema(Connection& connection);

/// Whether a table is there. `name` in lower case.
[[nodiscard]] Result<bool> has_table(Connection& connection, std::string_view name);

/// Makes the table `message_signature` in an archive database that lacks it; true if it was made, false if it was there.
[[nodiscard]] Result<bool> add_table_message_signature(Tx& tx);

}  // namespace bulla::store

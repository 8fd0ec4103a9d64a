#pragma once
#include "base/error.h"
#include "store/connection.h"
#include "store/database.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace soci {
class session;     // NOLINT(readability-identifier-naming)
class soci_error;  // NOLINT(readability-identifier-naming)
}  // namespace soci

namespace bulla::store {

/// What differs between database systems, in one place: opening, the dialect, and what native error codes mean. Stateless but for its
/// options; may be used from any thread. SQLite is the one that is linked; MariaDB and PostgreSQL each add one more of these.
class Backend {
  public:
    Backend() = default;
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend() = default;

    /// Opens `session`. Errors: store.missing, store.io, store.corrupt, store.failed.
    [[nodiscard]] virtual Result<void> open(soci::session& session, Access access) const = 0;
    /// Our Error for a failure that SOCI reported on `session`.
    [[nodiscard]] virtual Error classify(soci::session& session,
                                         const soci::soci_error& error) const = 0;
    /// True if `session` is in no transaction (any more).
    [[nodiscard]] virtual bool outside_transaction(soci::session& session) const = 0;
    /// What follows from a COMMIT that failed with `error`, after the rollback that was tried then.
    [[nodiscard]] virtual Outcome judge_commit(const Error& error) const = 0;
    /// The statement that starts a writing transaction.
    [[nodiscard]] virtual std::string_view begin_sql() const = 0;
    /// The type of texts without a length.
    [[nodiscard]] virtual std::string_view text_type() const = 0;
    /// The type of a 64-bit number that is a primary key by itself.
    [[nodiscard]] virtual std::string_view id_type() const = 0;
    /// What follows a table's columns when its rows are to lie in the order of the primary key.
    [[nodiscard]] virtual std::string_view clustered() const = 0;
    /// A query with the placeholder :name that gives one row if there is such a table.
    [[nodiscard]] virtual std::string_view has_table_sql() const = 0;
    /// See Database::checkpoint.
    [[nodiscard]] virtual Result<void> checkpoint(Connection& connection) const = 0;
};

/// The backend of a URL's scheme. `access` says whether the database may be made. Errors: store.bad_url, store.unsupported, store.missing,
/// store.io.
[[nodiscard]] Result<std::shared_ptr<const Backend>> make_backend(const DatabaseOptions& options,
                                                                  Access access);

/// SQLite at `path`.
[[nodiscard]] std::shared_ptr<const Backend> make_sqlite_backend(std::string path,
                                                                 const DatabaseOptions& options);

/// Makes an empty database file with mode 0600, and its directory entry durable; narrows the mode of one that is there.
[[nodiscard]] Result<void> make_private_file(const std::string& path);

}  // namespace bulla::store

#pragma once
#include "base/error.h"
#include "store/connection.h"

#include <string>
#include <string_view>

namespace bulla::store {

/// What became of a transaction at commit(). After `unknown` only reading back tells.
enum class Outcome { committed, rolled_back, unknown };

struct CommitResult {
    Outcome outcome = Outcome::committed;
    Error error;  ///< Why it was not committed; empty if it was.

    [[nodiscard]] bool committed() const { return outcome == Outcome::committed; }
};

/// A transaction that writes: it has the database's write lock from its first moment, so that nothing read in it can be outdated when it
/// writes. Rolled back when it goes without commit(). One at a time per connection; the thread rule is the connection's.
class Tx {
  public:
    /// Errors: store.busy, store.io.
    [[nodiscard]] static Result<Tx> begin(Connection& connection);
    Tx(Tx&& other) noexcept;
    Tx& operator=(Tx&&) = delete;
    Tx(const Tx&) = delete;
    Tx& operator=(const Tx&) = delete;
    ~Tx();

    /// Ends the transaction, whatever the outcome. On stable storage when it says committed.
    [[nodiscard]] CommitResult commit();
    /// commit() for callers that only need to know whether all is well: the error of a transaction that is not known to be committed.
    [[nodiscard]] Result<void> finish();
    /// Ends the transaction and undoes it.
    void rollback();

    [[nodiscard]] Connection& connection() { return *connection_; }

    [[nodiscard]] Result<void> run(std::string_view sql, Params params = {}) {
        return connection_->run(sql, params);
    }

    [[nodiscard]] Result<std::int64_t> run_counted(std::string_view sql, Params params = {}) {
        return connection_->run_counted(sql, params);
    }

    template <class... Ts>
    [[nodiscard]] auto query(std::string_view sql, Params params = {}) {
        return connection_->query<Ts...>(sql, params);
    }

    template <class... Ts>
    [[nodiscard]] auto query_first(std::string_view sql, Params params = {}) {
        return connection_->query_first<Ts...>(sql, params);
    }

    template <class... Ts, class Take>
    [[nodiscard]] auto visit(std::string_view sql, Params params, Take&& take) {
        return connection_->visit<Ts...>(sql, params, std::forward<Take>(take));
    }

  private:
    explicit Tx(Connection& connection) : connection_(&connection) {}

    Connection* connection_;  // nullptr: over
};

/// A part of a transaction that can be undone alone. Savepoints nest; the inner one goes first. Rolled back when it goes without release().
class Savepoint {
  public:
    /// Errors: store.rolled_back, store.io.
    [[nodiscard]] static Result<Savepoint> begin(Tx& tx);
    Savepoint(Savepoint&& other) noexcept;
    Savepoint& operator=(Savepoint&&) = delete;
    Savepoint(const Savepoint&) = delete;
    Savepoint& operator=(const Savepoint&) = delete;
    ~Savepoint();

    /// Keeps the part as one of the transaction.
    [[nodiscard]] Result<void> release();
    /// Undoes the part. Errors: store.rolled_back (then all of the transaction is undone).
    Result<void> rollback();

  private:
    explicit Savepoint(Connection& connection) : connection_(&connection) {}

    Connection* connection_;  // nullptr: over
};

}  // namespace bulla::store

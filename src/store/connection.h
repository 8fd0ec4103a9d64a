#pragma once
#include "base/error.h"
#include "store/value.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace bulla::store {

/// How an instance's database is opened. Read-only connections cannot write, whatever is run on them.
enum class Access { read_write, read_only };

/// A connection to the database. One thread at a time; a Database gives as many as are wanted.
///
/// SQL is given as one text that never changes (values go through Params): statements are prepared once per connection and text. It must
/// be of the kind that SQLite, MariaDB and PostgreSQL share. Placeholders are `:name`, each name once, bound in the order in which they
/// stand: run("insert into t (a, b) values (:a, :b)", {1, "x"}).
///
/// Errors of all calls: store.busy (locked by another for longer than the time-out: temporary), store.full (no room: temporary),
/// store.constraint, store.io, store.corrupt, store.rolled_back (the transaction around is gone already), store.failed (anything else).
/// Texts never hold values.
class Connection {
  public:
    struct Impl;
    explicit Connection(std::unique_ptr<Impl> impl);
    Connection(Connection&& other) noexcept;
    Connection& operator=(Connection&& other) noexcept;
    ~Connection();

    /// Runs a statement that gives no rows.
    [[nodiscard]] Result<void> run(std::string_view sql, Params params = {});
    /// Runs a statement that gives no rows; how many rows it inserted, changed or deleted.
    [[nodiscard]] Result<std::int64_t> run_counted(std::string_view sql, Params params = {});

    /// All rows of a query: `query<std::int64_t, std::string>("select a, b from t where c = :c", {c})`. For results of bounded size.
    template <class... Ts>
    [[nodiscard]] Result<std::vector<std::tuple<Ts...>>> query(std::string_view sql,
                                                               Params params = {}) {
        std::vector<std::tuple<Ts...>> rows;
        BULLA_CHECK(visit<Ts...>(sql, params, [&rows](std::tuple<Ts...>&& row) {
            rows.push_back(std::move(row));
            return true;
        }));
        return rows;
    }

    /// The first row of a query, or none.
    template <class... Ts>
    [[nodiscard]] Result<std::optional<std::tuple<Ts...>>> query_first(std::string_view sql,
                                                                       Params params = {}) {
        std::optional<std::tuple<Ts...>> first;
        BULLA_CHECK(visit<Ts...>(sql, params, [&first](std::tuple<Ts...>&& row) {
            first = std::move(row);
            return false;
        }));
        return first;
    }

    /// Gives the rows of a query one by one to `take(std::tuple<Ts...>&&)`, which says whether it wants more: for large results.
    /// `take` may use this connection. A NULL where no std::optional stands is store.corrupt.
    template <class... Ts, class Take>
    [[nodiscard]] Result<void> visit(std::string_view sql, Params params, Take&& take) {
        static constexpr Column columns[] = {ColumnOf<Ts>::column...};
        return fetch(sql, params, columns, [&take](const RowView& row) {
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return static_cast<bool>(take(std::tuple<Ts...>(read_cell<Ts>(row, I)...)));
            }(std::index_sequence_for<Ts...>{});
        });
    }

    /// What visit() stands on: reads the columns as `columns` say, and stops when `take` says false.
    [[nodiscard]] Result<void> fetch(std::string_view sql,
                                     Params params,
                                     std::span<const Column> columns,
                                     const std::function<bool(const RowView&)>& take);

    [[nodiscard]] Impl& impl() { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace bulla::store

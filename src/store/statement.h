#pragma once
#include "store/value.h"

#include <deque>
#include <memory>
#include <soci/soci.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::store {

/// A prepared statement with buffers that live as long as it does: SOCI binds to their addresses once, a call only fills them.
/// Calls throw soci::soci_error.
class Statement final : public RowView {
  public:
    /// `params` gives the types of the parameters, `columns` those of the result. Throws std::logic_error if the number of placeholders in
    /// `sql` is not that of `params`: SQLite would take the missing ones for NULL.
    Statement(soci::session& session,
              std::string_view sql,
              std::span<const Param> params,
              std::span<const Column> columns);

    /// True if the statement can be used for parameters and columns of these types.
    [[nodiscard]] bool fits(std::span<const Param> params, std::span<const Column> columns) const;

    void bind(std::span<const Param> params);
    /// Runs to the end, rows are dropped.
    void run();
    [[nodiscard]] std::int64_t affected();
    /// Starts a query.
    void start();
    /// Moves to the next row; false after the last.
    [[nodiscard]] bool next();

    [[nodiscard]] bool is_null(std::size_t column) const override {
        return columns_[column].indicator == soci::i_null;
    }

    [[nodiscard]] std::int64_t number(std::size_t column) const override {
        return columns_[column].number;
    }

    [[nodiscard]] const std::string& text(std::size_t column) const override {
        return columns_[column].text;
    }

  private:
    struct Cell {
        Column::Type type = Column::Type::text;
        soci::indicator indicator = soci::i_ok;
        long long number = 0;  // NOLINT(google-runtime-int): SOCI's type
        std::string text;
    };

    soci::statement statement_;
    std::deque<Cell> params_;  // deque: the addresses are bound
    std::deque<Cell> columns_;
};

/// How many placeholders (`:name` outside of quotes) stand in `sql`.
[[nodiscard]] std::size_t count_placeholders(std::string_view sql);

}  // namespace bulla::store

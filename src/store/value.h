#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

namespace bulla::store {

/// A value on its way into a statement; refers to the caller's text, which must live until the call returns. Binary values go as base64
/// text, times as microseconds since 1970. Numbers above the range of int64 have no place in the database.
class Param {
  public:
    // NOLINTBEGIN(google-explicit-constructor): a value becomes a Param by standing in a list
    template <std::integral T>
    Param(T number) : value_(static_cast<std::int64_t>(number)) {}

    Param(std::string_view text) : value_(text) {}

    Param(const std::string& text) : value_(text) {}

    Param(const char* text) : value_(text) {}

    Param(std::nullptr_t) {}

    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] bool is_null() const { return value_.index() == 0; }

    /// The number, or nullptr if this is none.
    [[nodiscard]] const std::int64_t* number() const { return std::get_if<std::int64_t>(&value_); }

    /// The text, or nullptr if this is none.
    [[nodiscard]] const std::string_view* text() const {
        return std::get_if<std::string_view>(&value_);
    }

  private:
    std::variant<std::monostate, std::int64_t, std::string_view> value_;
};

/// The values of a statement in the order of its placeholders. `{a, b}` makes one.
class Params {
  public:
    Params() = default;

    Params(std::initializer_list<Param> list)  // NOLINT(google-explicit-constructor)
        : span_(list.begin(), list.size()) {}

    Params(std::span<const Param> span) : span_(span) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] std::span<const Param> span() const { return span_; }

  private:
    std::span<const Param> span_;
};

/// What a column of a result is read as.
struct Column {
    enum class Type { number, text };
    Type type;
    bool nullable;
};

/// The column of a C++ type: std::int64_t, std::string, or std::optional of one of them where NULL may come.
template <class T>
struct ColumnOf;

template <>
struct ColumnOf<std::int64_t> {
    static constexpr Column column{Column::Type::number, false};
};

template <>
struct ColumnOf<std::string> {
    static constexpr Column column{Column::Type::text, false};
};

template <class T>
struct ColumnOf<std::optional<T>> {
    static constexpr Column column{ColumnOf<T>::column.type, true};
};

/// One row of a result as it lies in the statement's buffers: valid inside the callback that gets it.
class RowView {
  public:
    RowView() = default;
    RowView(const RowView&) = delete;
    RowView& operator=(const RowView&) = delete;
    virtual ~RowView() = default;
    [[nodiscard]] virtual bool is_null(std::size_t column) const = 0;
    [[nodiscard]] virtual std::int64_t number(std::size_t column) const = 0;
    [[nodiscard]] virtual const std::string& text(std::size_t column) const = 0;
};

/// Reads one cell of `row` as T.
template <class T>
[[nodiscard]] T read_cell(const RowView& row, std::size_t column) {
    if constexpr (std::same_as<T, std::int64_t>) {
        return row.number(column);
    } else if constexpr (std::same_as<T, std::string>) {
        return row.text(column);
    } else {
        return row.is_null(column) ? T{} : T{read_cell<typename T::value_type>(row, column)};
    }
}

}  // namespace bulla::store

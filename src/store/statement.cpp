#include "store/statement.h"

#include <fmt/format.h>
#include <stdexcept>

namespace bulla::store {
namespace {

// A large value is rare; its buffer is not kept for the small ones that follow.
constexpr std::size_t most_kept = std::size_t{64} << 10U;

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// NULL fits either type.
bool fits_type(const Param& param, Column::Type type) {
    return param.is_null() || (param.number() != nullptr) == (type == Column::Type::number);
}

}  // namespace

std::size_t count_placeholders(std::string_view sql) {
    std::size_t count = 0;
    bool quoted = false;
    for (std::size_t i = 0; i + 1 < sql.size(); ++i) {
        if (sql[i] == '\'') {
            quoted = !quoted;
        } else if (!quoted && sql[i] == ':' && is_name_char(sql[i + 1])) {
            ++count;
        }
    }
    return count;
}

Statement::Statement(soci::session& session,
                     std::string_view sql,
                     std::span<const Param> params,
                     std::span<const Column> columns)
    : statement_(session) {
    if (count_placeholders(sql) != params.size()) {
        throw std::logic_error(
            fmt::format("{} values for the placeholders of: {}", params.size(), sql));
    }
    statement_.alloc();
    for (const auto& column : columns) {
        auto& cell = columns_.emplace_back();
        cell.type = column.type;
        if (column.type == Column::Type::number) {
            statement_.exchange(soci::into(cell.number, cell.indicator));
        } else {
            statement_.exchange(soci::into(cell.text, cell.indicator));
        }
    }
    for (const auto& param : params) {
        auto& cell = params_.emplace_back();
        if (param.number() != nullptr) {
            cell.type = Column::Type::number;
            statement_.exchange(soci::use(cell.number, cell.indicator));
        } else {
            statement_.exchange(soci::use(cell.text, cell.indicator));
        }
    }
    statement_.prepare(std::string(sql));
    statement_.define_and_bind();
}

bool Statement::fits(std::span<const Param> params, std::span<const Column> columns) const {
    if (params.size() != params_.size() || columns.size() != columns_.size()) {
        return false;
    }
    for (std::size_t i = 0; i < params.size(); ++i) {
        if (!fits_type(params[i], params_[i].type)) {
            return false;
        }
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].type != columns_[i].type) {
            return false;
        }
    }
    return true;
}

void Statement::bind(std::span<const Param> params) {
    for (std::size_t i = 0; i < params.size(); ++i) {
        auto& cell = params_[i];
        cell.indicator = params[i].is_null() ? soci::i_null : soci::i_ok;
        if (const auto* number = params[i].number()) {
            cell.number = *number;
        } else if (const auto* text = params[i].text()) {
            if (cell.text.capacity() > most_kept && text->size() <= most_kept) {
                std::string().swap(cell.text);
            }
            cell.text.assign(*text);
        }
    }
}

void Statement::run() {
    statement_.execute(true);
}

std::int64_t Statement::affected() {
    return statement_.get_affected_rows();
}

void Statement::start() {
    statement_.execute(false);
}

bool Statement::next() {
    return statement_.fetch();
}

}  // namespace bulla::store

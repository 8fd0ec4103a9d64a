#pragma once
#include "base/error.h"
#include "services/service.h"
#include "store/connection.h"

#include <string>
#include <string_view>

// Questions that several services ask of the database.

namespace bulla::services {

/// True if `sql`, a query of one number with the placeholder :key, finds a row for `key`.
[[nodiscard]] Result<bool> has_row(ServiceContext& context,
                                   std::string_view sql,
                                   std::string_view key);
/// The number that `sql` gives for `key`; 0 if there is no row.
[[nodiscard]] Result<std::int64_t> count_rows(ServiceContext& context,
                                              std::string_view sql,
                                              std::string_view key);

[[nodiscard]] inline Result<bool> has_domain(ServiceContext& context, std::string_view name) {
    return has_row(context, "select 1 from domain where name = :key", name);
}

[[nodiscard]] inline Result<bool> has_account(ServiceContext& context, std::string_view login) {
    return has_row(context, "select 1 from account where login = :key", login);
}

/// A name for groups and signers in its one form: 1…64 letters (made small), digits, dot, - and _, no dot first. Error: `code`.
[[nodiscard]] Result<std::string> parse_id(std::string_view text, std::string_view code);

}  // namespace bulla::services

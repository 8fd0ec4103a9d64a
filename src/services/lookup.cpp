#include "services/lookup.h"

#include <algorithm>

namespace bulla::services {

Result<std::int64_t> count_rows(ServiceContext& context,
                                std::string_view sql,
                                std::string_view key) {
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(row, connection->query_first<std::int64_t>(sql, {key}));
    return row ? std::get<0>(*row) : 0;
}

Result<bool> has_row(ServiceContext& context, std::string_view sql, std::string_view key) {
    BULLA_TRY(count, count_rows(context, sql, key));
    return count != 0;
}

Result<std::string> parse_id(std::string_view text, std::string_view code) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    std::string id(text);
    std::ranges::transform(id, id.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    if (id.empty() || id.size() > 64 || id.front() == '.' || !std::ranges::all_of(id, good)) {
        return fail(
            code,
            Fault::sender,
            "\"" + std::string(text) + "\" is no name of 1 to 64 letters, digits, dots, - and _");
    }
    return id;
}

}  // namespace bulla::services

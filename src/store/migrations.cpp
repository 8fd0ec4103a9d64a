#include "store/migrations.h"

#include "store/connection_impl.h"
#include "store/schema.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::store {
namespace {

Error newer(int version) {
    return Error{"store.newer",
                 Fault::us,
                 fmt::format("the database has schema {}, this program knows {}: it is of a newer "
                             "program, install that",
                             version,
                             newest_schema())};
}

// The statement in the words of the connection's database.
std::string localize(std::string_view statement, const Backend& backend) {
    const std::pair<std::string_view, std::string_view> words[] = {
        {"{text}", backend.text_type()},
        {"{id}", backend.id_type()},
        {"{clustered}", backend.clustered()}};
    std::string out(statement);
    for (const auto& [mark, word] : words) {
        for (auto at = out.find(mark); at != std::string::npos; at = out.find(mark, at)) {
            out.replace(at, mark.size(), word);
        }
    }
    return out;
}

Result<void> apply(Connection& connection, const Migration& migration, const Clock& clock) {
    BULLA_TRY(tx, Tx::begin(connection));
    // Another process may have done it while this one waited for the lock.
    BULLA_TRY(present, schema_version(connection));
    if (present >= migration.version) {
        return {};
    }
    if (present == 0) {
        BULLA_CHECK(tx.run(
            "create table schema_version (version integer primary key, applied bigint not null)"));
    }
    for (const auto statement : migration.statements) {
        BULLA_CHECK(tx.run(localize(statement, *connection.impl().backend)));
    }
    BULLA_CHECK(tx.run("insert into schema_version (version, applied) values (:version, :applied)",
                       {migration.version, to_micros(clock.now())}));
    return tx.finish();
}

}  // namespace

int newest_schema() {
    return migrations().back().version;
}

Result<bool> has_table(Connection& connection, std::string_view name) {
    BULLA_TRY(
        row,
        connection.query_first<std::int64_t>(connection.impl().backend->has_table_sql(), {name}));
    return row.has_value();
}

Result<int> schema_version(Connection& connection) {
    BULLA_TRY(there, has_table(connection, "schema_version"));
    if (!there) {
        return 0;
    }
    BULLA_TRY(row,
              connection.query_first<std::optional<std::int64_t>>(
                  "select max(version) from schema_version"));
    const auto version = row ? std::get<0>(*row).value_or(0) : 0;
    // Whatever is beyond all programs is newer, too.
    return static_cast<int>(std::clamp<std::int64_t>(version, 0, 1'000'000));
}

Result<int> migrate(Connection& connection, const Clock& clock) {
    BULLA_TRY(present, schema_version(connection));
    if (present > newest_schema()) {
        return std::unexpected(newer(present));
    }
    int steps = 0;
    for (const auto& migration : migrations()) {
        if (migration.version > present) {
            BULLA_CHECK(apply(connection, migration, clock));
            ++steps;
        }
    }
    return steps;
}

Result<void> check_schema(Connection& connection) {
    BULLA_TRY(present, schema_version(connection));
    if (present > newest_schema()) {
        return std::unexpected(newer(present));
    }
    if (present < newest_schema()) {
        return fail("store.older",
                    Fault::us,
                    fmt::format("the database has schema {}, this program needs {}: start the "
                                "service once, it brings it up to date",
                                present,
                                newest_schema()));
    }
    return {};
}

Result<bool> add_table_message_signature(Tx& tx) {
    BULLA_TRY(there, has_table(tx.connection(), "message_signature"));
    if (there) {
        return false;
    }
    BULLA_CHECK(tx.run(localize(message_signature_table(), *tx.connection().impl().backend)));
    return true;
}

}  // namespace bulla::store

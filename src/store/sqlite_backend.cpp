#include "base/system_text.h"
#include "store/backend.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::store {
namespace {

namespace native = sqlite_api;

[[clang::no_sanitize("vptr")]] native::sqlite3* handle(soci::session& session) {
    // SOCI's library does not export the typeinfo that a dynamic_cast (and the sanitizer's check of this one) needs; open() made it.
    return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

struct Meaning {
    int code;
    std::string_view name;
    Fault fault;
    std::string_view text;
};

// SQLite's primary result codes; what stands here in no line is store.failed.
constexpr std::array<Meaning, 11> meanings{
    {{SQLITE_BUSY, "store.busy", Fault::temporary, "the database is locked by another"},
     {SQLITE_LOCKED, "store.busy", Fault::temporary, "the database is locked by another"},
     {SQLITE_FULL, "store.full", Fault::temporary, "there is no room for the database"},
     {SQLITE_NOMEM, "store.full", Fault::temporary, "there is no memory for the database"},
     {SQLITE_CONSTRAINT, "store.constraint", Fault::us, "the database refuses the row"},
     {SQLITE_IOERR, "store.io", Fault::temporary, "the database cannot be read or written"},
     {SQLITE_CANTOPEN, "store.io", Fault::us, "a file of the database cannot be opened"},
     {SQLITE_READONLY, "store.read_only", Fault::us, "the database cannot be written from here"},
     {SQLITE_PERM, "store.io", Fault::us, "the database may not be opened"},
     {SQLITE_CORRUPT, "store.corrupt", Fault::us, "the database file is damaged"},
     {SQLITE_NOTADB, "store.corrupt", Fault::us, "the file is no SQLite database"}}};

// A full disk shows as an I/O error where SQLite grows its shared memory file or makes a log.
bool is_full(int primary, native::sqlite3* database) {
    const auto cause = native::sqlite3_system_errno(database);
    return (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) &&
           (cause == ENOSPC || cause == EDQUOT);
}

Error classify_code(int code, native::sqlite3* database, const std::string& message) {
    auto primary = code & 0xFF;
    if (database != nullptr && is_full(primary, database)) {
        primary = SQLITE_FULL;
    }
    for (const auto& meaning : meanings) {
        if (meaning.code == primary) {
            return Error{
                meaning.name, meaning.fault, fmt::format("{} ({})", meaning.text, message)};
        }
    }
    return Error{"store.failed", Fault::us, fmt::format("the database failed ({})", message)};
}

std::unexpected<Error> io_error(const std::string& path, int error) {
    const auto full = error == ENOSPC || error == EDQUOT;
    return fail(full ? "store.full" : "store.io",
                full ? Fault::temporary : Fault::us,
                fmt::format("{}: {}", path, system_text(error)));
}

// fsync of the directory: without it, a crash can take the new name away.
bool sync_directory_of(const std::string& path) {
    const auto directory = std::filesystem::path(path).parent_path();
    const auto file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const auto good = file >= 0 && fsync(file) == 0;
    if (file >= 0) {
        close(file);
    }
    return good;
}

class SqliteBackend final : public Backend {
  public:
    SqliteBackend(std::string path, const DatabaseOptions& options)
        : path_(std::move(path)), options_(options) {}

    Result<void> open(soci::session& session, Access access) const override;
    Error classify(soci::session& session, const soci::soci_error& error) const override;

    bool outside_transaction(soci::session& session) const override {
        return native::sqlite3_get_autocommit(handle(session)) != 0;
    }

    // Busy and full leave no commit record in the log. After an I/O error it may be there without being synced: a crash then decides.
    Outcome judge_commit(const Error& error) const override {
        const auto known = error.code == "store.busy" || error.code == "store.full" ||
                           error.code == "store.constraint";
        return known ? Outcome::rolled_back : Outcome::unknown;
    }

    // Not SOCI's deferred BEGIN: a transaction that reads and then writes would fail whenever another wrote in between.
    std::string_view begin_sql() const override { return "begin immediate"; }

    std::string_view text_type() const override { return "text"; }

    // Only "integer" makes the key the row's own number, without an index beside the table.
    std::string_view id_type() const override { return "integer"; }

    std::string_view clustered() const override { return " without rowid"; }

    std::string_view has_table_sql() const override {
        return "select 1 from sqlite_master where type = 'table' and name = :name";
    }

    Result<void> checkpoint(Connection& connection) const override;

  private:
    [[nodiscard]] Result<void> set_up(soci::session& session, Access access) const;

    std::string path_;
    DatabaseOptions options_;
};

Result<void> SqliteBackend::open(soci::session& session, Access access) const {
    try {
        session.open(
            soci::sqlite3,
            fmt::format("db=\"{}\" {}", path_, access == Access::read_only ? "readonly=true" : ""));
    } catch (const soci::sqlite3_soci_error& error) {
        return std::unexpected(classify_code(error.result(), nullptr, error.get_error_message()));
    }
    return set_up(session, access);
}

Result<void> SqliteBackend::set_up(soci::session& session, Access access) const {
    // WAL and FULL: a commit is one append and one sync of the log, and it is durable when it returns.
    // checkpoint_pages: a commit that finds the log longer copies it back itself and takes that much longer; Database::checkpoint() in a
    // thread of its own keeps the log below it, since a passive checkpoint stops neither readers nor the writer.
    // journal_size_limit: a log that had to grow gives the room back. trusted_schema, cell_size_check: the file may be hostile.
    std::string pragmas = fmt::format(
        "pragma busy_timeout = {}; pragma trusted_schema = off; pragma cell_size_check = on; "
        "pragma temp_store = memory; pragma foreign_keys = on;",
        options_.busy_timeout.count());
    if (access == Access::read_only) {
        pragmas += "pragma query_only = on;";
    } else {
        pragmas += fmt::format(
            "pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = {}; "
            "pragma journal_size_limit = 67108864; pragma cache_size = -8000;",
            options_.checkpoint_pages);
    }
    // Pragmas give rows, which SOCI would want to be read: they go past it, as the whole of this function is SQLite's own.
    // The last statement reads the file, so that one that is no database shows at once.
    pragmas += "select count(*) from sqlite_master;";
    auto* database = handle(session);
    const auto code = native::sqlite3_exec(database, pragmas.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return std::unexpected(classify_code(code, database, native::sqlite3_errmsg(database)));
    }
    return {};
}

Error SqliteBackend::classify(soci::session& session, const soci::soci_error& error) const {
    // The message without SOCI's context, which quotes the statement's values.
    const auto* own = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
    auto* database = handle(session);
    // Preparing reports SOCI's own number; the connection knows the right one.
    const auto code = own != nullptr ? native::sqlite3_errcode(database) : SQLITE_ERROR;
    return classify_code(code, database, error.get_error_message());
}

Result<void> SqliteBackend::checkpoint(Connection& connection) const {
    using Done = std::int64_t;
    return connection.visit<Done, Done, Done>(
        "pragma wal_checkpoint(passive)", {}, [](const auto&) { return true; });
}

}  // namespace

std::shared_ptr<const Backend> make_sqlite_backend(std::string path,
                                                   const DatabaseOptions& options) {
    return std::make_shared<SqliteBackend>(std::move(path), options);
}

Result<void> make_private_file(const std::string& path) {
    // SQLite gives its log and shared memory files the mode of the database.
    const auto file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat status{};
    const auto good = file >= 0 && fstat(file, &status) == 0 &&
                      ((status.st_mode & 0077U) == 0 || fchmod(file, 0600) == 0) &&
                      (status.st_size > 0 || sync_directory_of(path));
    const auto error = errno;
    if (file >= 0) {
        close(file);
    }
    return good ? Result<void>{} : io_error(path, error);
}

}  // namespace bulla::store

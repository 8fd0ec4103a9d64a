#include "store/database.h"

#include "store/backend.h"
#include "store/connection_impl.h"

#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <utility>
#include <vector>

namespace bulla::store {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";

Result<std::string> sqlite_path(std::string_view url) {
    auto path = url.substr(sqlite_scheme.size());
    if (path.starts_with("///")) {
        path.remove_prefix(2);
    }
    // SOCI reads the path out of a list of options, where a quotation mark ends it.
    if (!path.starts_with('/') || path.starts_with("//") || path.ends_with('/') ||
        path.find_first_of(std::string_view("\"\0\n", 3)) != std::string_view::npos) {
        return fail("store.bad_url",
                    Fault::us,
                    fmt::format("the database URL {} has no absolute path: "
                                "sqlite:///var/lib/bulla/bulla.db",
                                url));
    }
    return std::string(path);
}

}  // namespace

Result<std::shared_ptr<const Backend>> make_backend(const DatabaseOptions& options, Access access) {
    for (const auto* scheme : {"mysql:", "mariadb:", "postgresql:", "postgres:"}) {
        if (options.url.starts_with(scheme)) {
            return fail("store.unsupported",
                        Fault::us,
                        fmt::format("this build links SQLite only: {}// cannot be opened, use "
                                    "sqlite:///path",
                                    scheme));
        }
    }
    if (!options.url.starts_with(sqlite_scheme)) {
        // The URL is not shown: those of servers hold passwords.
        return fail("store.bad_url", Fault::us, "the database URL does not begin with sqlite:");
    }
    BULLA_TRY(path, sqlite_path(options.url));
    std::error_code error;
    if (access == Access::read_write) {
        BULLA_CHECK(make_private_file(path));
    } else if (!std::filesystem::exists(path, error)) {
        return fail("store.missing", Fault::us, fmt::format("there is no database {}", path));
    }
    return make_sqlite_backend(std::move(path), options);
}

struct Database::Impl {
    std::shared_ptr<const Backend> backend;
    Access access;
    std::size_t most_idle;
    std::mutex mutex;
    std::vector<Connection> idle[2];  // by Access; guarded by mutex

    [[nodiscard]] Access narrow(Access wanted) const {
        return access == Access::read_only ? Access::read_only : wanted;
    }

    [[nodiscard]] Result<Connection> connect(Access wanted) const {
        auto made = std::make_unique<Connection::Impl>();
        made->backend = backend;
        BULLA_CHECK(backend->open(made->session, narrow(wanted)));
        return Connection(std::move(made));
    }

    [[nodiscard]] std::vector<Connection>& idle_of(Access wanted) {
        return idle[wanted == Access::read_only ? 0 : 1];
    }
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options, Access access) {
    BULLA_TRY(backend, make_backend(options, access));
    auto impl = std::make_unique<Impl>();
    impl->backend = std::move(backend);
    impl->access = access;
    impl->most_idle = options.most_idle_connections;
    BULLA_TRY(first, impl->connect(access));
    impl->idle_of(access).push_back(std::move(first));
    return std::make_unique<Database>(std::move(impl));
}

Result<Connection> Database::connect(Access access) {
    return impl_->connect(access);
}

Result<Database::Lease> Database::lease(Access access) {
    const auto kind = impl_->narrow(access);
    {
        const std::scoped_lock lock(impl_->mutex);
        auto& idle = impl_->idle_of(kind);
        if (!idle.empty()) {
            Lease lease(impl_.get(), kind, std::move(idle.back()));
            idle.pop_back();
            return lease;
        }
    }
    BULLA_TRY(made, impl_->connect(kind));
    return Lease(impl_.get(), kind, std::move(made));
}

Database::Lease::Lease(Impl* owner, Access access, Connection connection)
    : owner_(owner), access_(access), connection_(std::move(connection)) {}

Database::Lease::Lease(Lease&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      access_(other.access_),
      connection_(std::move(other.connection_)) {}

Database::Lease::~Lease() {
    if (owner_ == nullptr) {
        return;
    }
    const std::scoped_lock lock(owner_->mutex);
    auto& idle = owner_->idle_of(access_);
    if (idle.size() < owner_->most_idle) {
        idle.push_back(std::move(connection_));
    }
}

Result<void> Database::checkpoint() {
    BULLA_TRY(connection, lease(Access::read_write));
    return impl_->backend->checkpoint(*connection);
}

}  // namespace bulla::store

#pragma once
#include "base/error.h"
#include "store/connection.h"
#include "store/transaction.h"
#include "store/value.h"

#include <chrono>
#include <memory>
#include <string>

namespace bulla::store {

struct DatabaseOptions {
    std::string url = {};  ///< sqlite:///absolute/path (or sqlite:/absolute/path)
    std::chrono::milliseconds busy_timeout{
        10'000};  ///< How long a connection waits for another's lock.
    unsigned checkpoint_pages =
        4096;  ///< SQLite: a commit that leaves more pages than this in the log copies them back itself.
    std::size_t most_idle_connections = 8;  ///< Of each kind, kept open between leases.
};

/// An instance's database: gives connections. May be used from any thread.
class Database {
  public:
    struct Impl;

    /// Opens (and with Access::read_write makes, mode 0600) the database and tries a connection. With Access::read_only every connection
    /// is read-only and nothing is made. Errors: store.bad_url, store.unsupported (this build links SQLite only), store.missing,
    /// store.corrupt, store.io.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options,
                                                                Access access);
    explicit Database(std::unique_ptr<Impl> impl);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    /// A connection of its own, for who keeps it long.
    [[nodiscard]] Result<Connection> connect(Access access);

    /// A connection for a short while; goes back when the lease ends, so that its prepared statements serve the next.
    class Lease {
      public:
        Lease(Impl* owner, Access access, Connection connection);
        Lease(Lease&& other) noexcept;
        Lease& operator=(Lease&&) = delete;
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        ~Lease();

        Connection& operator*() { return connection_; }

        Connection* operator->() { return &connection_; }

      private:
        Impl* owner_;
        Access access_;
        Connection connection_;
    };

    [[nodiscard]] Result<Lease> lease(Access access = Access::read_only);

    /// Copies committed pages from the log back into the database without making anybody wait for it. Call it now and then from a thread
    /// that may wait for the disk; without it, commits do it themselves at checkpoint_pages. Errors: store.io, store.full.
    [[nodiscard]] Result<void> checkpoint();

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace bulla::store

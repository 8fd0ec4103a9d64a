#pragma once
#include "store/backend.h"
#include "store/connection.h"
#include "store/statement.h"

#include <list>
#include <memory>
#include <soci/soci.h>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bulla::store {

/// The prepared statements of a connection by their text, the longest unused going first.
class StatementCache {
  public:
    struct Entry {
        std::string sql;
        std::unique_ptr<Statement> statement;
        bool busy = false;  ///< In use by a call further up the stack.
    };

    /// A statement for one call; goes back when the call is over, unless drop() said that it is of no more use.
    class Use {
      public:
        Use(StatementCache& cache, Entry& entry) : cache_(&cache), entry_(&entry) {
            entry.busy = true;
        }

        explicit Use(std::unique_ptr<Statement> own) : own_(std::move(own)) {}

        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        ~Use();

        [[nodiscard]] Statement& operator*() const { return own_ ? *own_ : *entry_->statement; }

        [[nodiscard]] Statement* operator->() const { return &**this; }

        /// An unfinished query would hold its read lock until it runs again: forget the statement instead.
        void drop() { dropped_ = true; }

        /// Takes drop() back.
        void keep() { dropped_ = false; }

      private:
        StatementCache* cache_ = nullptr;
        Entry* entry_ = nullptr;
        std::unique_ptr<Statement> own_;
        bool dropped_ = false;
    };

    /// Throws what Statement throws.
    [[nodiscard]] Use take(soci::session& session,
                           std::string_view sql,
                           std::span<const Param> params,
                           std::span<const Column> columns);

  private:
    void forget(Entry& entry);
    void make_room();

    std::list<Entry> entries_;  // the last used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_sql_;
};

struct Connection::Impl {
    std::shared_ptr<const Backend> backend;
    // The cache goes first: its statements belong to the session.
    soci::session session;
    StatementCache statements;
    bool in_transaction = false;
    bool transaction_lost =
        false;  ///< The database undid it on its own (full disk, I/O error, deadlock).
    int savepoints = 0;

    /// Runs `body` and turns what SOCI throws into an Error.
    template <class Body>
    [[nodiscard]] Result<void> guard(Body&& body) {
        if (transaction_lost) {
            return fail("store.rolled_back",
                        Fault::temporary,
                        "the transaction was undone by the database after an earlier error");
        }
        try {
            body();
            return {};
        } catch (const soci::soci_error& error) {
            return std::unexpected(note(backend->classify(session, error)));
        }
    }

    /// Looks after `error` whether the transaction is still there. Statements that came after it would be committed one by one.
    [[nodiscard]] Error note(Error error) {
        transaction_lost = in_transaction && backend->outside_transaction(session);
        return error;
    }
};

}  // namespace bulla::store

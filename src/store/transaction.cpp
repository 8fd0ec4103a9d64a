#include "store/transaction.h"

#include "store/connection_impl.h"

#include <array>
#include <stdexcept>
#include <utility>

namespace bulla::store {
namespace {

// Statements are cached by their text, so each depth has a name of its own and the number of names is bounded.
struct SavepointSql {
    std::string_view begin, release, rollback;
};

constexpr std::array<SavepointSql, 4> savepoint_sql{
    {{"savepoint s1", "release savepoint s1", "rollback to savepoint s1"},
     {"savepoint s2", "release savepoint s2", "rollback to savepoint s2"},
     {"savepoint s3", "release savepoint s3", "rollback to savepoint s3"},
     {"savepoint s4", "release savepoint s4", "rollback to savepoint s4"}}};

void end_transaction(Connection::Impl& impl) {
    impl.in_transaction = false;
    impl.transaction_lost = false;
    impl.savepoints = 0;
}

}  // namespace

Result<Tx> Tx::begin(Connection& connection) {
    auto& impl = connection.impl();
    if (impl.in_transaction) {
        throw std::logic_error("a transaction inside a transaction");
    }
    BULLA_CHECK(connection.run(impl.backend->begin_sql()));
    impl.in_transaction = true;
    return Tx(connection);
}

Tx::Tx(Tx&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}

Tx::~Tx() {
    rollback();
}

void Tx::rollback() {
    if (connection_ == nullptr) {
        return;
    }
    auto& impl = connection_->impl();
    if (!impl.transaction_lost) {
        // A failure leaves nothing to do: a connection that cannot roll back is closed by the caller or undone by the database.
        [[maybe_unused]] const auto result = connection_->run("rollback");
    }
    end_transaction(impl);
    connection_ = nullptr;
}

CommitResult Tx::commit() {
    if (connection_ == nullptr) {
        throw std::logic_error("commit of a transaction that is over");
    }
    auto& impl = connection_->impl();
    if (impl.transaction_lost) {
        auto error = connection_->run("commit").error();
        rollback();
        return {Outcome::rolled_back, std::move(error)};
    }
    auto result = connection_->run("commit");
    if (result) {
        end_transaction(impl);
        connection_ = nullptr;
        return {};
    }
    const auto outcome = impl.backend->judge_commit(result.error());
    rollback();
    return {outcome, std::move(result.error())};
}

Result<void> Tx::finish() {
    auto result = commit();
    if (result.committed()) {
        return {};
    }
    return std::unexpected(std::move(result.error));
}

Result<Savepoint> Savepoint::begin(Tx& tx) {
    auto& impl = tx.connection().impl();
    const auto depth = static_cast<std::size_t>(impl.savepoints);
    if (depth >= savepoint_sql.size()) {
        throw std::logic_error("savepoints nest too deep");
    }
    BULLA_CHECK(tx.run(savepoint_sql[depth].begin));
    ++impl.savepoints;
    return Savepoint(tx.connection());
}

Savepoint::Savepoint(Savepoint&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

Savepoint::~Savepoint() {
    if (connection_ != nullptr) {
        [[maybe_unused]] const auto result = rollback();
    }
}

Result<void> Savepoint::release() {
    auto& impl = connection_->impl();
    const auto depth = static_cast<std::size_t>(impl.savepoints - 1);
    BULLA_CHECK(connection_->run(savepoint_sql.at(depth).release));
    --impl.savepoints;
    connection_ = nullptr;
    return {};
}

Result<void> Savepoint::rollback() {
    auto& connection = *std::exchange(connection_, nullptr);
    auto& impl = connection.impl();
    if (impl.savepoints == 0) {
        return {};  // the transaction went first, and all with it
    }
    const auto depth = static_cast<std::size_t>(--impl.savepoints);
    BULLA_CHECK(connection.run(savepoint_sql.at(depth).rollback));
    return connection.run(savepoint_sql.at(depth).release);
}

}  // namespace bulla::store

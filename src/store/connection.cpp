#include "store/connection.h"

#include "store/connection_impl.h"

namespace bulla::store {
namespace {

constexpr std::size_t most_statements = 128;

}  // namespace

StatementCache::Use::~Use() {
    if (entry_ != nullptr) {
        entry_->busy = false;
        if (dropped_) {
            cache_->forget(*entry_);
        }
    }
}

StatementCache::Use StatementCache::take(soci::session& session,
                                         std::string_view sql,
                                         std::span<const Param> params,
                                         std::span<const Column> columns) {
    const auto found = by_sql_.find(sql);
    if (found == by_sql_.end()) {
        auto statement = std::make_unique<Statement>(session, sql, params, columns);
        make_room();
        auto& entry = entries_.emplace_front(std::string(sql), std::move(statement));
        by_sql_.emplace(entry.sql, entries_.begin());
        return {*this, entry};
    }
    auto& entry = *found->second;
    if (entry.busy) {
        return Use(std::make_unique<Statement>(session, sql, params, columns));
    }
    if (!entry.statement->fits(params, columns)) {
        entry.statement = std::make_unique<Statement>(session, sql, params, columns);
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return {*this, entry};
}

void StatementCache::forget(Entry& entry) {
    const auto found = by_sql_.find(entry.sql);
    const auto place = found->second;
    by_sql_.erase(found);
    entries_.erase(place);
}

void StatementCache::make_room() {
    auto place = entries_.end();
    while (entries_.size() >= most_statements && place != entries_.begin()) {
        --place;
        if (!place->busy) {
            by_sql_.erase(place->sql);
            place = entries_.erase(place);
        }
    }
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Connection::Connection(Connection&& other) noexcept = default;
Connection& Connection::operator=(Connection&& other) noexcept = default;
Connection::~Connection() = default;

Result<void> Connection::run(std::string_view sql, Params params) {
    return impl_->guard([&] {
        const auto use = impl_->statements.take(impl_->session, sql, params.span(), {});
        use->bind(params.span());
        use->run();
    });
}

Result<std::int64_t> Connection::run_counted(std::string_view sql, Params params) {
    std::int64_t count = 0;
    BULLA_CHECK(impl_->guard([&] {
        const auto use = impl_->statements.take(impl_->session, sql, params.span(), {});
        use->bind(params.span());
        use->run();
        count = use->affected();
    }));
    return count;
}

Result<void> Connection::fetch(std::string_view sql,
                               Params params,
                               std::span<const Column> columns,
                               const std::function<bool(const RowView&)>& take) {
    bool unexpected_null = false;
    BULLA_CHECK(impl_->guard([&] {
        auto use = impl_->statements.take(impl_->session, sql, params.span(), columns);
        // Until the last row is read, whatever ends this call leaves an open query behind.
        use.drop();
        use->bind(params.span());
        use->start();
        bool more = true;
        bool wanted = true;
        while (wanted && (more = use->next())) {
            for (std::size_t i = 0; i < columns.size(); ++i) {
                unexpected_null = unexpected_null || (!columns[i].nullable && use->is_null(i));
            }
            wanted = !unexpected_null && take(*use);
        }
        // Who looks up one row stops at what mostly is the last: one step more finds the end and saves the statement.
        if (!more || !use->next()) {
            use.keep();
        }
    }));
    if (unexpected_null) {
        return fail("store.corrupt", Fault::us, "the database holds NULL where a value has to be");
    }
    return {};
}

}  // namespace bulla::store

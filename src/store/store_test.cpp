#include "store/database.h"
#include "store/migrations.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <thread>

namespace bulla::store {
namespace {

using std::int64_t;

class Store : public testing::Test {
  public:
    Store() : place_(testing::TempDir() + "bulla store=" + std::to_string(getpid())) {
        std::filesystem::remove_all(place_);
        std::filesystem::create_directories(place_);
        options_.url = "sqlite://" + path();
        options_.busy_timeout = std::chrono::milliseconds(0);
    }

    ~Store() override { std::filesystem::remove_all(place_); }

    [[nodiscard]] std::string path() const { return place_ + "/bulla.db"; }

    [[nodiscard]] std::unique_ptr<Database> open(Access access = Access::read_write) const {
        auto database = Database::open(options_, access);
        EXPECT_TRUE(database) << database.error().text;
        return std::move(*database);
    }

    Connection connect_with_table() {
        database_ = open();
        auto connection = database_->connect(Access::read_write).value();
        EXPECT_TRUE(connection.run("create table t (a bigint primary key, b text)"));
        return connection;
    }

    static int64_t count(Connection& connection) {
        return std::get<0>(*connection.query_first<int64_t>("select count(*) from t").value());
    }

    std::string place_;
    DatabaseOptions options_;
    std::unique_ptr<Database> database_;
    ManualClock clock_{from_unix(1'800'000'000)};
};

TEST_F(Store, values_come_back_as_they_went_in) {
    auto connection = connect_with_table();
    const std::string odd("a'b:c\"\n\xC3\xA4?", 10);
    const int64_t big = 0x7FFFFFFFFFFFFFFF;
    ASSERT_TRUE(connection.run("insert into t (a, b) values (:a, :b)", {big, odd}));
    ASSERT_TRUE(connection.run("insert into t (a, b) values (:a, :b)", {-big, nullptr}));
    ASSERT_TRUE(connection.run("insert into t (a, b) values (:a, :b)", {0, ""}));
    const auto rows =
        connection.query<int64_t, std::optional<std::string>>("select a, b from t order by a")
            .value();
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0], std::make_tuple(-big, std::nullopt));
    EXPECT_EQ(rows[1], std::make_tuple(0, ""));
    EXPECT_EQ(rows[2], std::make_tuple(big, odd));
}

TEST_F(Store, a_text_of_megabytes_comes_back_and_small_ones_after_it) {
    auto connection = connect_with_table();
    const std::string large(5'000'000, 'x');
    for (const auto& [number, text] : {std::pair{1, large}, std::pair{2, std::string("small")}}) {
        ASSERT_TRUE(connection.run("insert into t (a, b) values (:a, :b)", {number, text}));
        const auto row =
            connection.query_first<std::string>("select b from t where a = :a", {number});
        EXPECT_EQ(std::get<0>(**row), text);
    }
}

TEST_F(Store, parameters_may_change_their_type_between_calls) {
    auto connection = connect_with_table();
    constexpr auto sql = "insert into t (a, b) values (:a, :b)";
    ASSERT_TRUE(connection.run(sql, {1, nullptr}));
    ASSERT_TRUE(connection.run(sql, {2, "two"}));
    ASSERT_TRUE(connection.run(sql, {3, 3}));
    ASSERT_TRUE(connection.run(sql, {4, "four"}));
    const auto rows =
        connection.query<std::optional<std::string>>("select b from t order by a").value();
    EXPECT_EQ(std::get<0>(rows[2]), "3");
    EXPECT_EQ(std::get<0>(rows[3]), "four");
}

TEST_F(Store, a_null_that_is_not_expected_is_named) {
    auto connection = connect_with_table();
    ASSERT_TRUE(connection.run("insert into t (a) values (1)"));
    EXPECT_EQ(connection.query<std::string>("select b from t").error().code, "store.corrupt");
}

TEST_F(Store, a_wrong_number_of_values_is_a_broken_invariant) {
    auto connection = connect_with_table();
    EXPECT_THROW((void)connection.run("insert into t (a, b) values (:a, :b)", {1}),
                 std::logic_error);
    EXPECT_THROW((void)connection.run("insert into t (a) values (1)", {1}), std::logic_error);
    // A colon inside a text is none.
    EXPECT_TRUE(connection.run("insert into t (a, b) values (:a, 'x :b')", {1}));
}

TEST_F(Store, run_counted_counts) {
    auto connection = connect_with_table();
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(connection.run("insert into t (a, b) values (:a, 'x')", {i}));
    }
    EXPECT_EQ(connection.run_counted("update t set b = 'y' where a < :a", {3}).value(), 3);
    EXPECT_EQ(connection.run_counted("delete from t where a > :a", {9}).value(), 0);
    EXPECT_EQ(connection.run_counted("insert into t (a) values (:a)", {77}).value(), 1);
}

TEST_F(Store, a_visitor_may_stop_and_may_use_the_connection) {
    auto connection = connect_with_table();
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(connection.run("insert into t (a) values (:a)", {i}));
    }
    int seen = 0;
    constexpr auto sql = "select a from t order by a";
    ASSERT_TRUE(connection.visit<int64_t>(sql, {}, [&](const auto& row) {
        // The same statement inside itself, and a change.
        EXPECT_EQ(connection.query<int64_t>(sql).value().size(), 10U);
        EXPECT_TRUE(connection.run("update t set b = 'seen' where a = :a", {std::get<0>(row)}));
        return ++seen < 3;
    }));
    EXPECT_EQ(seen, 3);
    EXPECT_EQ(
        std::get<0>(
            *connection.query_first<int64_t>("select count(*) from t where b = 'seen'").value()),
        3);
    // A query left in the middle must hold no lock.
    auto other = database_->connect(Access::read_write).value();
    EXPECT_TRUE(other.run("drop table t"));
}

TEST_F(Store, more_statements_than_are_kept) {
    auto connection = connect_with_table();
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 300; ++i) {
            const auto row =
                connection.query_first<int64_t>("select " + std::to_string(i) + " + :x", {i});
            ASSERT_EQ(std::get<0>(**row), 2 * i);
        }
    }
}

TEST_F(Store, a_transaction_is_all_or_nothing) {
    auto connection = connect_with_table();
    {
        auto tx = Tx::begin(connection).value();
        ASSERT_TRUE(tx.run("insert into t (a) values (1)"));
    }
    EXPECT_EQ(count(connection), 0);
    auto tx = Tx::begin(connection).value();
    ASSERT_TRUE(tx.run("insert into t (a) values (1)"));
    EXPECT_THROW((void)Tx::begin(connection), std::logic_error);
    EXPECT_TRUE(tx.commit().committed());
    EXPECT_EQ(count(connection), 1);
    auto again = Tx::begin(connection).value();
    again.rollback();
    EXPECT_EQ(count(connection), 1);
}

TEST_F(Store, savepoints_undo_one_part) {
    auto connection = connect_with_table();
    auto tx = Tx::begin(connection).value();
    for (int batch = 0; batch < 4; ++batch) {
        auto part = Savepoint::begin(tx).value();
        ASSERT_TRUE(tx.run("insert into t (a) values (:a)", {batch}));
        if (batch == 1) {
            EXPECT_EQ(tx.run("insert into t (a) values (:a)", {0}).error().code,
                      "store.constraint");
            ASSERT_TRUE(part.rollback());
        } else if (batch == 2) {
            auto inner = Savepoint::begin(tx).value();
            ASSERT_TRUE(tx.run("insert into t (a) values (:a)", {20}));
            // inner and part go without release()
        } else {
            ASSERT_TRUE(part.release());
        }
    }
    ASSERT_TRUE(tx.finish());
    EXPECT_EQ(connection.query<int64_t>("select a from t order by a").value(),
              (std::vector<std::tuple<int64_t>>{{0}, {3}}));
}

TEST_F(Store, a_writer_waits_for_the_other_and_then_says_busy) {
    auto first = connect_with_table();
    auto second = database_->connect(Access::read_write).value();
    auto tx = Tx::begin(first).value();
    const auto refused = Tx::begin(second);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "store.busy");
    EXPECT_EQ(refused.error().fault, Fault::temporary);
    ASSERT_TRUE(tx.run("insert into t (a) values (1)"));
    EXPECT_EQ(count(second), 0);  // readers are never stopped
    ASSERT_TRUE(tx.finish());
    EXPECT_TRUE(Tx::begin(second));
    EXPECT_EQ(count(second), 1);
}

TEST_F(Store, errors_have_names_and_show_no_values) {
    auto connection = connect_with_table();
    ASSERT_TRUE(connection.run("insert into t (a, b) values (:a, :b)", {1, "s3cret"}));
    const auto twice = connection.run("insert into t (a, b) values (:a, :b)", {1, "s3cret"});
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, "store.constraint");
    EXPECT_EQ(twice.error().text.find("s3cret"), std::string::npos);
    EXPECT_EQ(connection.run("insert into nowhere (a) values (1)").error().code, "store.failed");
    // The failed one is usable again.
    EXPECT_TRUE(connection.run("insert into t (a, b) values (:a, :b)", {2, "x"}));
}

TEST_F(Store, c13_a_full_database_says_full_and_goes_on_when_there_is_room) {
    auto connection = connect_with_table();
    const auto pages = std::get<0>(*connection.query_first<int64_t>("pragma page_count").value());
    const auto limit = "pragma max_page_count = " + std::to_string(pages + 2);
    ASSERT_TRUE(connection.query_first<int64_t>(limit));
    const std::string large(50'000, 'x');
    {
        auto tx = Tx::begin(connection).value();
        ASSERT_TRUE(tx.run("insert into t (a, b) values (:a, :b)", {1, "x"}));
        const auto full = tx.run("insert into t (a, b) values (:a, :b)", {2, large});
        ASSERT_FALSE(full);
        EXPECT_EQ(full.error().code, "store.full");
        EXPECT_EQ(full.error().fault, Fault::temporary);
        const auto result = tx.commit();
        // SQLite may undo the statement or all; what it says must be what is there.
        EXPECT_EQ(count(connection), result.committed() ? 1 : 0);
    }
    ASSERT_TRUE(connection.query_first<int64_t>("pragma max_page_count = 100000"));
    EXPECT_TRUE(connection.run("insert into t (a, b) values (:a, :b)", {3, large}));
}

TEST_F(Store, nothing_of_a_transaction_that_the_database_undid_is_written) {
    auto connection = connect_with_table();
    auto tx = Tx::begin(connection).value();
    ASSERT_TRUE(tx.run("insert into t (a) values (1)"));
    // "or rollback" undoes the whole transaction, as a full disk or an I/O error may.
    ASSERT_TRUE(tx.run("insert into t (a) values (2)"));
    EXPECT_EQ(tx.run("insert or rollback into t (a) values (2)").error().code, "store.constraint");
    // Without care this would be committed by itself.
    EXPECT_EQ(tx.run("insert into t (a) values (3)").error().code, "store.rolled_back");
    EXPECT_FALSE(Savepoint::begin(tx));
    const auto result = tx.commit();
    EXPECT_EQ(result.outcome, Outcome::rolled_back);
    EXPECT_EQ(result.error.code, "store.rolled_back");
    EXPECT_EQ(count(connection), 0);
    auto next = Tx::begin(connection).value();
    EXPECT_TRUE(next.run("insert into t (a) values (4)"));
    EXPECT_TRUE(next.finish());
}

TEST_F(Store, readers_cannot_write_and_make_nothing) {
    EXPECT_EQ(Database::open(options_, Access::read_only).error().code, "store.missing");
    EXPECT_FALSE(std::filesystem::exists(path()));
    auto connection = connect_with_table();
    auto reader = database_->connect(Access::read_only).value();
    EXPECT_EQ(reader.run("insert into t (a) values (1)").error().code, "store.read_only");
    EXPECT_EQ(count(reader), 0);
    const auto only = open(Access::read_only);
    auto narrowed = only->connect(Access::read_write).value();
    EXPECT_EQ(narrowed.run("insert into t (a) values (1)").error().code, "store.read_only");
}

TEST_F(Store, a_database_at_rest_can_be_read) {
    {
        auto connection = connect_with_table();
        ASSERT_TRUE(connection.run("insert into t (a) values (1)"));
    }
    database_.reset();
    const auto reader = open(Access::read_only);
    auto lease = reader->lease().value();
    EXPECT_EQ(count(*lease), 1);
}

TEST_F(Store, files_are_for_their_owner_alone) {
    std::ofstream(path()).close();
    ASSERT_EQ(chmod(path().c_str(), 0644), 0);
    auto connection = connect_with_table();
    for (const auto& entry : std::filesystem::directory_iterator(place_)) {
        struct stat status{};
        ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
    }
    EXPECT_TRUE(std::filesystem::exists(path() + "-wal"));
}

TEST_F(Store, c8_commits_are_synced) {
    auto connection = connect_with_table();
    EXPECT_EQ(std::get<0>(*connection.query_first<std::string>("pragma journal_mode").value()),
              "wal");
    EXPECT_EQ(std::get<0>(*connection.query_first<int64_t>("pragma synchronous").value()), 2);
    EXPECT_EQ(std::get<0>(*connection.query_first<int64_t>("pragma foreign_keys").value()), 1);
}

TEST_F(Store, urls_that_are_refused) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"mysql://user:s3cret@host/db", "store.unsupported"},
        {"mariadb://host/db", "store.unsupported"},
        {"postgresql://host/db", "store.unsupported"},
        {"bulla.db", "store.bad_url"},
        {"", "store.bad_url"},
        {"sqlite:bulla.db", "store.bad_url"},
        {"sqlite://host/bulla.db", "store.bad_url"},
        {"sqlite:///", "store.bad_url"},
        {"sqlite:////", "store.bad_url"},
        {"sqlite:///tmp/a\" readonly=\"1", "store.bad_url"},
        {"sqlite:///nonexistent-directory/bulla.db", "store.io"}};
    for (const auto& [url, code] : cases) {
        const auto database = Database::open({.url = std::string(url)}, Access::read_write);
        ASSERT_FALSE(database) << url;
        EXPECT_EQ(database.error().code, code) << url;
        EXPECT_EQ(database.error().text.find("s3cret"), std::string::npos);
    }
    EXPECT_TRUE(Database::open({.url = "sqlite:" + path()}, Access::read_write));
}

TEST_F(Store, a_file_that_is_no_database_is_named) {
    std::ofstream(path()) << std::string(5000, 'x');
    const auto database = Database::open(options_, Access::read_write);
    ASSERT_FALSE(database);
    EXPECT_EQ(database.error().code, "store.corrupt");
}

TEST_F(Store, leases_come_back_and_several_threads_read) {
    auto connection = connect_with_table();
    ASSERT_TRUE(connection.run("insert into t (a) values (1)"));
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([this] {
            for (int k = 0; k < 50; ++k) {
                auto lease = database_->lease().value();
                EXPECT_EQ(count(*lease), 1);
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_TRUE(database_->checkpoint());
    EXPECT_TRUE(database_->lease(Access::read_write).value()->run("insert into t (a) values (2)"));
}

TEST_F(Store, ARC_04_migrations_run_once) {
    auto database = open();
    auto connection = database->connect(Access::read_write).value();
    EXPECT_EQ(schema_version(connection).value(), 0);
    EXPECT_EQ(check_schema(connection).error().code, "store.older");
    EXPECT_EQ(migrate(connection, clock_).value(), newest_schema());
    EXPECT_EQ(migrate(connection, clock_).value(), 0);
    EXPECT_EQ(schema_version(connection).value(), newest_schema());
    EXPECT_TRUE(check_schema(connection));
    for (const auto* table :
         {"message", "message_signature", "queue_delivery", "log_leaf", "audit"}) {
        EXPECT_TRUE(has_table(connection, table).value()) << table;
    }
    EXPECT_FALSE(has_table(connection, "none").value());
}

TEST_F(Store, ARC_04_a_newer_database_is_refused) {
    auto database = open();
    auto connection = database->connect(Access::read_write).value();
    ASSERT_TRUE(migrate(connection, clock_));
    ASSERT_TRUE(connection.run("insert into schema_version (version, applied) values (:v, 0)",
                               {newest_schema() + 1}));
    EXPECT_EQ(migrate(connection, clock_).error().code, "store.newer");
    EXPECT_EQ(check_schema(connection).error().code, "store.newer");
}

TEST_F(Store, ARC_04_message_signature_alone_is_added) {
    auto database = open();
    auto connection = database->connect(Access::read_write).value();
    ASSERT_TRUE(migrate(connection, clock_));
    ASSERT_TRUE(connection.run("drop table message_signature"));
    for (const auto made : {true, false}) {
        auto tx = Tx::begin(connection).value();
        EXPECT_EQ(add_table_message_signature(tx).value(), made);
        EXPECT_TRUE(tx.finish());
        EXPECT_TRUE(has_table(connection, "message_signature").value());
    }
}

}  // namespace
}  // namespace bulla::store

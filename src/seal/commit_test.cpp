#include "seal/testing.h"

#include <gtest/gtest.h>

/// A COMMIT whose outcome is not known: DESIGN 3, "Group commit".
namespace bulla::seal {
namespace {

using testing::Instance;
using testing::make_batch;

constexpr auto unknown = [] {
    return store::CommitResult{
        .outcome = store::Outcome::unknown,
        .error = {.code = "store.io", .fault = Fault::temporary, .text = "the line is dead"}};
};

void run_sql(Instance& instance, std::string_view sql) {
    auto connection = instance.database().connect(store::Access::read_write).value();
    ASSERT_TRUE(connection.run(sql).has_value());
}

TEST(UnknownCommit, c2_12_one_that_is_there_is_done) {
    Instance instance;
    auto options = instance.options();
    options.commit = [](store::Tx& tx) {
        EXPECT_TRUE(tx.commit().committed());
        return unknown();
    };
    auto sealer = instance.try_open(options).value();
    EXPECT_EQ(sealer->commit(make_batch(1, "one", instance.random))->leaf_indexes[0], 0);
    EXPECT_EQ(sealer->commit(make_batch(2, "two", instance.random))->leaf_indexes[0], 1);
    EXPECT_TRUE(sealer->healthy(nullptr));
    EXPECT_EQ(instance.number("select count(*) from message"), 2);
}

TEST(UnknownCommit, c2_12_one_that_is_not_there_is_made_again) {
    Instance instance;
    auto options = instance.options();
    int count = 0;
    options.commit = [&count](store::Tx& tx) {
        if (count++ % 2 == 0) {
            tx.rollback();
            return unknown();
        }
        return tx.commit();
    };
    auto sealer = instance.try_open(options).value();
    EXPECT_EQ(sealer->commit(make_batch(1, "one", instance.random))->leaf_indexes[0], 0);
    EXPECT_EQ(sealer->commit(make_batch(2, "two", instance.random))->leaf_indexes[0], 1);
    EXPECT_EQ(count, 4);
    EXPECT_EQ(instance.number("select count(*) from log_leaf"), 2);
}

TEST(UnknownCommit, c2_12_one_that_never_gets_there_fails) {
    Instance instance;
    auto options = instance.options();
    bool works = false;
    options.commit = [&works](store::Tx& tx) {
        if (works) {
            return tx.commit();
        }
        tx.rollback();
        return unknown();
    };
    auto sealer = instance.try_open(options).value();
    EXPECT_EQ(sealer->commit(make_batch(1, "one", instance.random)).error().code, "seal.failed");
    works = true;
    const auto committed = sealer->commit(make_batch(2, "two", instance.random));
    EXPECT_EQ(committed->leaf_indexes[0], 0);
    EXPECT_EQ(committed->addresses[0].pack, 2) << "another pack after a failed commit";
}

/// `is_there`: what turns out when the database answers again.
void lose_sight_of_a_commit(bool is_there) {
    Instance instance;
    auto options = instance.options();
    std::atomic<int> count = 0;
    options.commit = [&](store::Tx& tx) {
        if (count++ != 1) {
            return tx.commit();
        }
        if (is_there) {
            EXPECT_TRUE(tx.commit().committed());
        } else {
            tx.rollback();
        }
        run_sql(instance, "alter table seal_run rename to hidden");
        return unknown();
    };
    auto sealer = instance.try_open(options).value();
    ASSERT_TRUE(sealer->commit(make_batch(1, "one", instance.random)).has_value());
    EXPECT_EQ(sealer->commit(make_batch(2, "two", instance.random)).error().code, "seal.failed");
    EXPECT_EQ(sealer->commit(make_batch(3, "three", instance.random)).error().code, "seal.failed");
    EXPECT_EQ(count, 2) << "nothing is committed while the outcome is unknown";
    std::string why;
    EXPECT_FALSE(sealer->healthy(&why));
    EXPECT_FALSE(why.empty());
    run_sql(instance, "alter table hidden rename to seal_run");
    const auto committed = sealer->commit(make_batch(4, "four", instance.random));
    ASSERT_TRUE(committed.has_value());
    EXPECT_EQ(committed->leaf_indexes[0], is_there ? 2 : 1);
    EXPECT_EQ(committed->addresses[0].pack, 2);
    sealer->commit({}).value();
    EXPECT_TRUE(sealer->healthy(nullptr));
    sealer.reset();
    EXPECT_TRUE(instance.try_open(instance.options()).has_value());
}

TEST(UnknownCommit, c2_12_nothing_goes_on_until_it_is_known_to_be_there) {
    lose_sight_of_a_commit(true);
}

TEST(UnknownCommit, c2_12_nothing_goes_on_until_it_is_known_not_to_be_there) {
    lose_sight_of_a_commit(false);
}

}  // namespace
}  // namespace bulla::seal

#include "seal/entry.h"
#include "seal/testing.h"

#include <gtest/gtest.h>

#include <future>

/// What the log says of the keys that were used (docs/formats/log.md "Key use").
namespace bulla::seal {
namespace {

using testing::Instance;
using testing::make_batch;

Batch make_signed(Instance& instance, std::int64_t id, std::vector<KeyUse> uses) {
    auto batch = make_batch(id, "text", instance.random);
    batch.uses = std::move(uses);
    return batch;
}

std::string text_of(Instance& instance, std::string_view sql) {
    auto connection = instance.database().connect(store::Access::read_only).value();
    return std::get<0>(connection.query_first<std::string>(sql).value().value());
}

TEST(KeyUse, GW_06_a_run_names_its_keys_in_one_leaf_and_one_audit_entry) {
    Instance instance;
    auto sealer = instance.open();
    // All that waits while the first rider runs is one run.
    std::promise<void> begun;
    std::promise<void> all_wait;
    auto first = make_batch(1, "text", instance.random);
    first.riders.emplace_back(
        [&begun, wait = all_wait.get_future().share()](store::Tx&, const Committed&) {
            begun.set_value();
            wait.wait();
            return Result<void>();
        });
    sealer->submit(std::move(first));
    begun.get_future().wait();
    for (std::int64_t id = 2; id <= 9; ++id) {
        sealer->submit(make_signed(instance, id, {{"dkim", "aa", 2}, {"archive", "bb"}}));
    }
    auto last = std::async(std::launch::async, [&] {
        return sealer->commit(make_signed(instance, 10, {{"dkim", "cc"}}));
    });
    all_wait.set_value();
    ASSERT_TRUE(last.get().has_value());
    const auto entries = instance.number("select count(*) from audit");
    EXPECT_GE(entries, 1);
    EXPECT_LE(entries, 2) << "the last batch may have come too late for the run of the others";
    EXPECT_EQ(instance.number("select count(*) from log_leaf"), 10 + entries);
    const auto entry = parse_audit_leaf(
        text_of(instance, "select entry from log_leaf where idx = (select min(idx) from audit)"));
    ASSERT_TRUE(entry.has_value());
    EXPECT_EQ(entry->actor, "system");
    EXPECT_EQ(entry->action, "key.use");
    EXPECT_TRUE(entry->detail.starts_with("archive bb 8, dkim aa 16")) << entry->detail;
    EXPECT_EQ(entry->detail, text_of(instance, "select detail from audit order by idx limit 1"));
    EXPECT_EQ(
        text_of(instance, "select action || ' ' || actor || ' ' || target from audit limit 1"),
        "key.use system keys");
}

TEST(KeyUse, GW_06_a_run_without_signatures_says_nothing) {
    Instance instance;
    auto sealer = instance.open();
    ASSERT_TRUE(sealer->commit(make_batch(1, "text", instance.random)).has_value());
    EXPECT_EQ(instance.number("select count(*) from audit"), 0);
    EXPECT_EQ(instance.number("select count(*) from log_leaf"), 1);
}

TEST(KeyUse, GW_06_a_batch_that_was_refused_used_no_key) {
    Instance instance;
    auto sealer = instance.open();
    auto refused = make_signed(instance, 1, {{"dkim", "aa"}});
    refused.riders.emplace_back([](store::Tx&, const Committed&) -> Result<void> {
        return fail("test.refused", Fault::us, "the test refuses it");
    });
    EXPECT_FALSE(sealer->commit(std::move(refused)).has_value());
    EXPECT_EQ(instance.number("select count(*) from audit"), 0);
    EXPECT_EQ(instance.number("select count(*) from log_leaf"), 0);
}

TEST(KeyUse, GW_06_many_keys_take_several_entries_of_bounded_length) {
    Instance instance;
    auto sealer = instance.open();
    std::vector<KeyUse> uses;
    for (int i = 0; i < 100; ++i) {
        uses.push_back({"dkim", std::string(61, 'f') + std::to_string(100 + i)});
    }
    ASSERT_TRUE(sealer->commit(make_signed(instance, 1, std::move(uses))).has_value());
    EXPECT_EQ(instance.number("select count(*) from audit"), 3);
    EXPECT_LE(instance.number("select max(length(detail)) from audit"), 4096);
    EXPECT_EQ(instance.number("select count(*) from audit where detail not like 'dkim %'"), 0);
}

TEST(KeyUse, GW_06_the_log_goes_on_after_it) {
    Instance instance;
    {
        auto sealer = instance.open();
        ASSERT_TRUE(sealer->commit(make_signed(instance, 1, {{"dkim", "aa"}})).has_value());
        const auto next = sealer->commit(make_signed(instance, 2, {{"dkim", "aa"}}));
        EXPECT_EQ(next->leaf_indexes[0], 2) << "the entry of the first run is leaf 1";
    }
    auto sealer = instance.open();
    EXPECT_EQ(sealer->commit(make_batch(3, "text", instance.random))->leaf_indexes[0], 4);
}

}  // namespace
}  // namespace bulla::seal

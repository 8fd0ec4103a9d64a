#include "seal/testing.h"

#include <gtest/gtest.h>

/// Every file operation of sealing fails once, in turn: what was acknowledged stays, what failed is said, and sealing goes on.
namespace bulla::seal {
namespace {

using testing::Instance;
using testing::make_batch;

struct Acknowledged {
    std::int64_t id;
    Address address;
};

/// Commits three batches one after the other, the second with a large record, the third with shredding.
std::vector<Acknowledged> commit_three(Sealer& sealer,
                                       Instance& instance,
                                       std::int64_t first,
                                       std::string_view expected) {
    std::vector<Acknowledged> acknowledged;
    for (std::int64_t id = first; id < first + 3; ++id) {
        auto batch = make_batch(id, "text " + std::to_string(id), instance.random);
        if (id == first + 1) {
            auto large =
                sealer.prepare(MessageId(id), RecordKind::copy, std::string((1U << 20U) + 1, 'x'));
            if (!large) {
                EXPECT_EQ(large.error().code, expected);
                continue;
            }
            batch.records.push_back(std::move(*large));
        }
        const auto committed = sealer.commit(std::move(batch));
        if (committed) {
            acknowledged.push_back({.id = id, .address = committed->addresses[0]});
        } else {
            EXPECT_EQ(committed.error().code, expected);
        }
    }
    return acknowledged;
}

void expect_all_readable(Instance& instance, const std::vector<Acknowledged>& acknowledged) {
    const auto reader = instance.reader();
    for (const auto& [id, address] : acknowledged) {
        const auto read = reader.read(address, MessageId(id), RecordKind::received);
        ASSERT_TRUE(read.has_value()) << read.error().text;
        EXPECT_EQ(read->plain, "text " + std::to_string(id));
    }
    EXPECT_EQ(instance.number("select count(*) from message"),
              static_cast<std::int64_t>(acknowledged.size()));
    EXPECT_EQ(instance.number("select count(*) from log_leaf"),
              static_cast<std::int64_t>(acknowledged.size()));
}

void fail_each_operation(std::string_view code, std::string_view expected) {
    for (int nth = 1;; ++nth) {
        SCOPED_TRACE(nth);
        Instance instance;
        instance.files.fail_at(nth, code);
        std::vector<Acknowledged> acknowledged;
        auto opened = instance.try_open(instance.options());
        if (!opened) {
            EXPECT_EQ(opened.error().code, code);
            continue;
        }
        acknowledged = commit_three(**opened, instance, 1, expected);
        EXPECT_GE(acknowledged.size(), 2) << "one failure costs one batch";
        Batch shredding;
        shredding.shred.push_back({.volume = "main", .pack = 9'999, .slot = 1});
        std::ignore = (*opened)->commit(std::move(shredding));
        opened->reset();
        expect_all_readable(instance, acknowledged);
        const auto count = instance.files.count();
        instance.files.fail_at(0);
        EXPECT_TRUE(instance.open()->healthy(nullptr));
        if (count < nth) {
            return;
        }
        ASSERT_LT(nth, 200);
    }
}

TEST(Failure, c2_12_each_file_operation_may_fail_once) {
    fail_each_operation("seal.file", "seal.failed");
}

TEST(Failure, c2_13_each_file_operation_may_find_the_disk_full) {
    fail_each_operation("seal.full", "seal.full");
}

TEST(Failure, c2_13_a_disk_that_stays_full_answers_452_and_leaves_no_packs_behind) {
    Instance instance;
    auto sealer = instance.open();
    const auto kept = commit_three(*sealer, instance, 1, "");
    const auto files = [&] {
        const auto listing =
            std::filesystem::directory_iterator(instance.path() / "volumes" / "main");
        return std::distance(begin(listing), end(listing));
    };
    const auto before = files();
    instance.files.fail_at(1, "seal.full", 1'000'000);
    EXPECT_TRUE(commit_three(*sealer, instance, 10, "seal.full").empty());
    EXPECT_TRUE(commit_three(*sealer, instance, 20, "seal.full").empty());
    EXPECT_EQ(files(), before);
    instance.files.fail_at(0);
    auto more = commit_three(*sealer, instance, 30, "");
    EXPECT_EQ(more.size(), 3) << "it goes on when there is room";
    more.insert(more.end(), kept.begin(), kept.end());
    expect_all_readable(instance, more);
}

TEST(Failure, c2_12_a_file_whose_sync_failed_is_left_alone) {
    Instance instance;
    auto sealer = instance.open();
    EXPECT_EQ(sealer->commit(make_batch(1, "one", instance.random))->addresses[0].pack, 1);
    instance.files.fail_pack_sync();
    EXPECT_EQ(sealer->commit(make_batch(2, "two", instance.random)).error().code, "seal.failed");
    EXPECT_EQ(sealer->commit(make_batch(3, "three", instance.random))->addresses[0].pack, 2);
}

TEST(Failure, ARC_24_a_slot_that_cannot_be_overwritten_is_tried_again) {
    Instance instance;
    auto sealer = instance.open();
    const auto address = sealer->commit(make_batch(1, "one", instance.random))->addresses[0];
    Batch batch;
    batch.shred = {address};
    instance.files.fail_at(1);
    ASSERT_TRUE(sealer->commit(std::move(batch)).has_value());
    sealer.reset();
    EXPECT_EQ(instance.reader().read(address, MessageId(1), RecordKind::received).error().code,
              "pack.shredded");
    EXPECT_EQ(instance.number("select count(*) from key_shred"), 0);
}

TEST(Failure, c2_13_a_database_that_fails_is_said_and_nothing_is_named) {
    Instance instance;
    auto sealer = instance.open();
    ASSERT_TRUE(sealer->commit(make_batch(1, "one", instance.random)).has_value());
    auto connection = instance.database().connect(store::Access::read_write).value();
    ASSERT_TRUE(connection.run("alter table seal_run rename to hidden").has_value());
    EXPECT_EQ(sealer->commit(make_batch(2, "two", instance.random)).error().code, "seal.failed");
    ASSERT_TRUE(connection.run("alter table hidden rename to seal_run").has_value());
    const auto committed = sealer->commit(make_batch(3, "three", instance.random));
    EXPECT_EQ(committed->addresses[0].pack, 2);
    EXPECT_EQ(committed->leaf_indexes[0], 1);
}

}  // namespace
}  // namespace bulla::seal

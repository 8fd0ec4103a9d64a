#include "seal/sealer.h"

#include "seal/checkpoint_file.h"
#include "seal/testing.h"
#include "tlog/proof.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

namespace bulla::seal {
namespace {

using testing::Instance;
using testing::make_batch;

TEST(Sealer, c2_8_a_batch_is_readable_after_its_commit) {
    Instance instance;
    auto sealer = instance.open();
    const auto committed = sealer->commit(make_batch(1, "hello", instance.random));
    ASSERT_TRUE(committed.has_value()) << committed.error().text;
    EXPECT_EQ(committed->leaf_indexes, std::vector<std::uint64_t>{0});
    EXPECT_EQ(committed->time, instance.clock.now());
    const auto reader = instance.reader();
    EXPECT_EQ(reader.read(committed->addresses[0], MessageId(1), RecordKind::received)->plain,
              "hello");
    EXPECT_EQ(instance.number("select count(*) from message"), 1);
    EXPECT_EQ(instance.number("select id from pack"), committed->addresses[0].pack);
    const auto checkpoint = tlog::open_checkpoint(sealer->checkpoint(), instance.log_verifier());
    ASSERT_TRUE(checkpoint.has_value());
    EXPECT_EQ(checkpoint->size, 1);
    EXPECT_EQ(checkpoint->root, tlog::leaf_hash("leaf 1\n"));
}

TEST(Sealer, c2_8_files_and_directories_are_private) {
    Instance instance;
    auto sealer = instance.open();
    ASSERT_TRUE(sealer->commit(make_batch(1, "hello", instance.random)).has_value());
    const auto volume = instance.path() / "volumes" / "main";
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(volume).permissions(), perms::owner_all);
    EXPECT_EQ(std::filesystem::status(volume / "1.pack").permissions(),
              perms::owner_read | perms::owner_write);
    EXPECT_EQ(std::filesystem::status(volume / "1.keys").permissions(),
              perms::owner_read | perms::owner_write);
}

TEST(Sealer, c2_8_many_threads_many_batches_and_a_consistent_log) {
    Instance instance;
    std::vector<std::optional<Committed>> all(600);
    {
        auto sealer = instance.open();
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (int i = t; i < 600; i += 4) {
                    auto committed = sealer->commit(
                        make_batch(i + 1, "text " + std::to_string(i), instance.random));
                    if (committed) {
                        all[i] = std::move(*committed);
                    }
                }
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
    }
    const auto reader = instance.reader();
    std::set<std::uint64_t> leaves;
    for (int i = 0; i < 600; ++i) {
        ASSERT_TRUE(all[i].has_value());
        leaves.insert(all[i]->leaf_indexes[0]);
        EXPECT_EQ(reader.read(all[i]->addresses[0], MessageId(i + 1), RecordKind::received)->plain,
                  "text " + std::to_string(i));
    }
    EXPECT_EQ(leaves.size(), 600);
    EXPECT_EQ(*leaves.rbegin(), 599);
    EXPECT_EQ(instance.number("select count(*) from log_tile"), 2);
    EXPECT_EQ(instance.number("select count(*) from log_checkpoint"), 2)
        << "the first of the hour and the last";
    // Opening checks leaves and tiles against the checkpoint.
    EXPECT_EQ(instance.open()->commit(make_batch(1000, "more", instance.random))->leaf_indexes[0],
              600);
}

TEST(Sealer, c2_8_one_checkpoint_an_hour_is_kept) {
    Instance instance;
    auto sealer = instance.open();
    for (int i = 1; i <= 12; ++i) {
        ASSERT_TRUE(sealer->commit(make_batch(i, "x", instance.random)).has_value());
        if (i % 4 == 0) {
            instance.clock.advance(std::chrono::hours(1));
        }
    }
    EXPECT_EQ(instance.number("select count(*) from log_checkpoint"), 4) << "sizes 1, 5, 9 and 12";
    EXPECT_EQ(instance.number("select sum(size) from log_checkpoint"), 27);
}

TEST(Sealer, c2_8_a_failing_rider_undoes_its_batch_alone) {
    Instance instance;
    auto sealer = instance.open();
    std::promise<void> gate;
    auto opened = gate.get_future().share();
    // Holds the sealer, so that what follows gathers into one run.
    Batch first = make_batch(1, "first", instance.random);
    first.done = [opened](const auto&) { opened.wait(); };
    sealer->submit(std::move(first));
    std::array<std::promise<Result<Committed>>, 5> promises;
    for (int i = 0; i < 5; ++i) {
        auto batch = make_batch(10 + i, "text", instance.random);
        if (i == 2) {
            batch.riders.emplace_back([](store::Tx&, const Committed&) -> Result<void> {
                return fail("rider.no", Fault::us, "no");
            });
        }
        if (i == 3) {
            batch.riders.emplace_back([](store::Tx& tx, const Committed&) {
                return tx.run(
                    "insert into message (id, leaf, archived, role, size, volume, pack, pos, len, "
                    "slot, summary, trace) select * from message");
            });
        }
        batch.done = [&promises, i](Result<Committed> committed) {
            promises.at(i).set_value(std::move(committed));
        };
        sealer->submit(std::move(batch));
    }
    gate.set_value();
    std::vector<Result<Committed>> results;
    for (auto& promise : promises) {
        results.push_back(promise.get_future().get());
    }
    EXPECT_EQ(results[0]->leaf_indexes[0], 1);
    EXPECT_EQ(results[1]->leaf_indexes[0], 2);
    EXPECT_EQ(results[2].error().code, "rider.no");
    EXPECT_EQ(results[3].error().code, "store.constraint");
    EXPECT_EQ(results[4]->leaf_indexes[0], 3) << "no gap in the log";
    EXPECT_EQ(instance.number("select count(*) from message"), 4);
    EXPECT_EQ(instance.number("select count(*) from log_leaf"), 4);
    Batch alone;
    alone.riders.emplace_back([](store::Tx&, const Committed&) -> Result<void> {
        return fail("rider.no", Fault::us, "no");
    });
    EXPECT_EQ(sealer->commit(std::move(alone)).error().code, "rider.no");
}

TEST(Sealer, c2_8_large_bodies_go_to_packs_of_their_own) {
    Instance instance;
    auto sealer = instance.open();
    const auto text = instance.random.bytes(3U << 20U) + std::string(3U << 20U, 'x');
    for (int i = 1; i <= 2; ++i) {
        Batch batch;
        batch.records.push_back(sealer->prepare(MessageId(i), RecordKind::received, text).value());
        EXPECT_TRUE(batch.records[0].bytes.empty());
        const auto committed = sealer->commit(std::move(batch));
        ASSERT_TRUE(committed.has_value());
        EXPECT_EQ(committed->addresses[0].pack, 2)
            << "pack 1 is that of the runs; the second body follows the first";
        EXPECT_EQ(instance.reader()
                      .read(committed->addresses[0], MessageId(i), RecordKind::received)
                      ->plain,
                  text);
    }
    EXPECT_EQ(instance.number("select count(*) from pack"), 1);
    EXPECT_TRUE(sealer->commit(make_batch(3, "small", instance.random)).has_value());
}

TEST(Sealer, c2_8_a_pack_that_is_too_large_is_followed_by_another) {
    Instance instance;
    auto options = instance.options();
    options.max_pack_bytes = 4096;
    auto sealer = instance.try_open(options).value();
    for (int i = 1; i <= 6; ++i) {
        const auto committed =
            sealer->commit(make_batch(i, instance.random.bytes(1500), instance.random));
        EXPECT_EQ(committed->addresses[0].pack, (i + 1) / 2);
    }
}

TEST(Sealer, c2_8_more_than_may_wait_is_refused) {
    Instance instance;
    auto options = instance.options();
    options.max_waiting_bytes = 100;
    auto sealer = instance.try_open(options).value();
    EXPECT_EQ(
        sealer->commit(make_batch(1, instance.random.bytes(200), instance.random)).error().code,
        "seal.failed");
    EXPECT_TRUE(sealer->commit({}).has_value());
}

TEST(Sealer, c2_12_what_waits_is_committed_before_the_end) {
    Instance instance;
    constexpr int messages = 20;
    std::atomic<int> done = 0;
    auto sealer = instance.open();
    std::promise<void> go;
    auto held = make_batch(1, "text", instance.random);
    held.riders.emplace_back([wait = go.get_future().share()](store::Tx&, const Committed&) {
        wait.wait();
        return Result<void>();
    });
    sealer->submit(std::move(held));
    for (std::int64_t id = 2; id <= messages; ++id) {
        auto batch = make_batch(id, "text", instance.random);
        batch.done = [&done](const Result<Committed>& committed) { done += committed ? 1 : 0; };
        sealer->submit(std::move(batch));
    }
    auto end = std::async(std::launch::async, [&] { sealer.reset(); });
    go.set_value();
    end.get();
    EXPECT_EQ(done, messages - 1);
    EXPECT_EQ(instance.number("select count(*) from message"), messages);
    EXPECT_EQ(instance.number("select count(*) from log_leaf"), messages);
    const auto note = load_checkpoint_file((instance.path() / "state").string()).value();
    ASSERT_TRUE(note.has_value());
    EXPECT_EQ(tlog::open_checkpoint(*note, instance.log_verifier())->size, messages);
}

TEST(Sealer, ARC_24_a_destroyed_key_leaves_nothing_and_its_row_goes) {
    Instance instance;
    Address address;
    {
        auto sealer = instance.open();
        address = sealer->commit(make_batch(1, "secret", instance.random))->addresses[0];
        Batch batch;
        batch.shred = {address, address};
        ASSERT_TRUE(sealer->commit(std::move(batch)).has_value());
    }
    EXPECT_EQ(instance.reader().read(address, MessageId(1), RecordKind::received).error().code,
              "pack.shredded");
    EXPECT_EQ(instance.number("select count(*) from key_shred"), 0);
}

TEST(Sealer, ARC_24_rows_left_by_a_crash_are_done_at_start) {
    Instance instance;
    auto sealer = instance.open();
    const auto address = sealer->commit(make_batch(1, "secret", instance.random))->addresses[0];
    sealer.reset();
    auto connection = instance.database().connect(store::Access::read_write).value();
    ASSERT_TRUE(connection
                    .run("insert into key_shred (volume, pack, slot) values ('main', :pack, :slot)",
                         {address.pack, address.slot})
                    .has_value());
    ASSERT_TRUE(connection.run("insert into key_shred (volume, pack, slot) values ('main', 77, 0)")
                    .has_value())
        << "a pack that is gone";
    sealer = instance.open();
    EXPECT_EQ(instance.reader().read(address, MessageId(1), RecordKind::received).error().code,
              "pack.shredded");
    EXPECT_EQ(instance.number("select count(*) from key_shred"), 0);
}

TEST(Sealer, c2_10_an_older_database_is_noticed) {
    Instance instance;
    ASSERT_TRUE(instance.open()->commit(make_batch(1, "one", instance.random)).has_value());
    instance.close_database();
    std::filesystem::copy_file(instance.path() / "bulla.db", instance.path() / "old.db");
    instance.open_database();
    ASSERT_TRUE(instance.open()->commit(make_batch(2, "two", instance.random)).has_value());
    instance.close_database();
    std::filesystem::rename(instance.path() / "old.db", instance.path() / "bulla.db");
    std::filesystem::remove(instance.path() / "bulla.db-wal");
    std::filesystem::remove(instance.path() / "bulla.db-shm");
    instance.open_database();
    EXPECT_EQ(instance.try_open(instance.options()).error().code, "seal.rolled_back");
    // The same size, but another history: the checkpoint file goes away, one leaf is added, the file comes back.
    const auto file = instance.path() / "state" / "checkpoint";
    std::filesystem::rename(file, instance.path() / "seen");
    ASSERT_TRUE(instance.open()->commit(make_batch(3, "three", instance.random)).has_value());
    std::filesystem::rename(instance.path() / "seen", file);
    EXPECT_EQ(instance.try_open(instance.options()).error().code, "seal.rolled_back");
    std::ofstream(file) << "rubbish";
    EXPECT_EQ(instance.try_open(instance.options()).error().code, "seal.bad_checkpoint");
    std::filesystem::remove(file);
    EXPECT_TRUE(instance.try_open(instance.options()).has_value());
}

TEST(Sealer, c2_10_a_damaged_log_is_not_continued) {
    Instance instance;
    ASSERT_TRUE(instance.open()->commit(make_batch(1, "one", instance.random)).has_value());
    auto connection = instance.database().connect(store::Access::read_write).value();
    for (const auto* change :
         {"update log_leaf set hash = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='",
          "update log_leaf set hash = 'rubbish'",
          "delete from log_leaf"}) {
        ASSERT_TRUE(connection.run(change).has_value());
        EXPECT_EQ(instance.try_open(instance.options()).error().code, "seal.log_damaged") << change;
    }
}

}  // namespace
}  // namespace bulla::seal

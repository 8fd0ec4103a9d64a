#include "queue/testing.h"

#include <gtest/gtest.h>

/// The queue where something comes late, or cannot be read.
namespace bulla::queue {
namespace {

using testing::Fixture;
using testing::text;

TEST(QueueRecovery, c2_8_a_row_that_is_loaded_before_its_start_is_delivered_once) {
    Fixture fixture;
    seal::Batch batch;
    batch.records.push_back(seal::prepare_record(
        MessageId(1), seal::RecordKind::received, text, fixture.instance.random));
    auto ticket = fixture.queue->attach(batch, {fixture.make("mx:25", {"b@example.org"})});
    const auto committed = fixture.sealer->commit(std::move(batch));
    ASSERT_TRUE(committed);
    // The queue looks into the database before it hears of the commit.
    fixture.instance.clock.advance(std::chrono::minutes(2));
    std::ignore = fixture.queue->step();
    ASSERT_EQ(fixture.queue->status().entries, 1U);
    fixture.queue->start(std::move(ticket), *committed);
    EXPECT_EQ(fixture.queue->status().entries, 1U);
    auto delivery = fixture.take();
    EXPECT_EQ(*delivery.bytes, text);
    EXPECT_FALSE(fixture.queue->take()) << "there is one delivery";
    fixture.finish(std::move(delivery), {Outcome::delivered});
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.rows(), 0);
    EXPECT_EQ(fixture.events.size(), 1U);
}

TEST(QueueRecovery, c2_8_a_row_whose_attempt_is_under_way_when_its_start_comes_is_delivered_once) {
    Fixture fixture;
    seal::Batch batch;
    batch.records.push_back(seal::prepare_record(
        MessageId(1), seal::RecordKind::received, text, fixture.instance.random));
    auto ticket = fixture.queue->attach(batch, {fixture.make("mx:25", {"b@example.org"})});
    const auto committed = fixture.sealer->commit(std::move(batch));
    ASSERT_TRUE(committed);
    fixture.instance.clock.advance(std::chrono::minutes(2));
    std::ignore = fixture.queue->step();
    auto delivery = fixture.take();
    fixture.queue->start(std::move(ticket), *committed);
    EXPECT_FALSE(fixture.queue->take());
    fixture.finish(std::move(delivery), {Outcome::delivered});
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.rows(), 0);
    EXPECT_FALSE(fixture.queue->take());
}

TEST(QueueRecovery, c2_8_an_unreadable_row_is_said_blocks_nothing_and_can_be_removed) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org"})}, true);
    fixture.put({fixture.make("my:25", {"c@example.org"})}, true);
    {
        auto lease = fixture.instance.database().lease(store::Access::read_write).value();
        ASSERT_TRUE(lease->run("update queue_delivery set payload = 'x' where message_id = 1"));
    }
    fixture.reopen();
    const auto bad = fixture.queue->list({.destination = "mx:25"}, 0, 10)->items.at(0);
    EXPECT_NE(bad.last_error, "") << "the list says that it cannot be opened";
    // As the deliverer does it: what cannot be opened is reported without results.
    while (auto delivery = fixture.queue->take()) {
        if (fixture.queue->open(*delivery)) {
            EXPECT_EQ(delivery->destination, "my:25");
            fixture.finish(std::move(*delivery), {Outcome::delivered});
        } else {
            EXPECT_EQ(delivery->id, bad.id);
            fixture.queue->report(std::move(*delivery), {});
        }
    }
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.queue->status().blocked, "");
    EXPECT_EQ(fixture.queue->status().unrecorded, 0U);
    EXPECT_EQ(fixture.rows(), 1) << "nobody but an administrator gives it up";
    ASSERT_TRUE(fixture.queue->remove(bad.id, true));
    EXPECT_EQ(fixture.rows(), 0);
    EXPECT_TRUE(fixture.notices.empty()) << "nobody knows whom to tell";
    EXPECT_EQ(fixture.queue->show(bad.id).error().code, "queue.gone");
}

TEST(QueueRecovery, c2_8_a_record_above_the_size_bound_is_deferred_and_kept) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org"})}, true);
    const auto small = fixture.instance.reader(text.size() - 1);
    fixture.reopen({}, small);
    auto delivery = fixture.queue->take();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(fixture.queue->open(*delivery).error().code, "pack.too_large");
    fixture.queue->report(std::move(*delivery), {});
    std::ignore = fixture.queue->step();
    const auto item = fixture.queue->list({}, 0, 10)->items.at(0);
    EXPECT_EQ(item.attempts, 1U);
    EXPECT_EQ(item.last_error, "the stored message cannot be read now");
    EXPECT_GT(item.next_attempt, fixture.instance.clock.now());
}

}  // namespace
}  // namespace bulla::queue

#include "queue/testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>

namespace bulla::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using testing::Fixture;
using testing::text;

TEST(Queue, c2_8_what_was_just_committed_is_delivered_from_memory_and_its_row_goes) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org"})});
    EXPECT_EQ(fixture.rows(), 1);
    auto delivery = fixture.queue->take();
    ASSERT_TRUE(delivery);
    ASSERT_TRUE(delivery->bytes) << "no read was needed";
    EXPECT_EQ(*delivery->bytes, text);
    EXPECT_EQ(delivery->payload.prefix, "X: 1\r\n");
    EXPECT_EQ(delivery->payload.recipients.at(0).mailbox.text(), "b@example.org");
    EXPECT_FALSE(fixture.queue->take());
    fixture.finish(std::move(*delivery), {Outcome::delivered});
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.rows(), 0);
    EXPECT_EQ(fixture.queue->status().entries, 0);
    EXPECT_EQ(fixture.events, std::vector<std::string>{"out:250 ok"});
    EXPECT_TRUE(fixture.notices.empty());
}

TEST(Queue, c2_8_after_a_crash_it_is_delivered_from_the_database) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org", "c@example.org"})}, true);
    fixture.reopen();
    const auto delivery = fixture.take();
    EXPECT_EQ(*delivery.bytes, text);
    EXPECT_EQ(delivery.payload.prefix, "X: 1\r\n");
    EXPECT_EQ(delivery.payload.recipients.size(), 2);
    EXPECT_EQ(delivery.payload.from->text(), "a@example.test");
    fixture.finish(delivery, {Outcome::delivered, Outcome::delivered});
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.rows(), 0);
}

TEST(Queue, c2_8_a_result_that_was_not_recorded_before_a_crash_means_one_more_attempt) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org"})});
    std::ignore = fixture.take();
    fixture.reopen();
    EXPECT_EQ(fixture.take().message, MessageId(1));
}

TEST(Queue, c4_4_what_is_withdrawn_is_never_delivered_and_its_record_goes) {
    Fixture fixture;
    for (const bool known : {false, true}) {
        seal::Batch batch;
        batch.records.push_back(seal::prepare_record(
            MessageId(7), seal::RecordKind::copy, text, fixture.instance.random));
        auto ticket = fixture.queue->attach(batch,
                                            {fixture.make("mx:25", {"b@example.org"}, true),
                                             fixture.make("mx2:25", {"c@example.org"}, true)});
        const auto committed = fixture.sealer->commit(std::move(batch)).value();
        EXPECT_EQ(fixture.rows(), 2);
        if (known) {
            // A look into the database found them before the mail server was told.
            fixture.queue->step();
            fixture.instance.clock.set(fixture.instance.clock.now() + minutes(2));
            fixture.queue->step();
        }
        fixture.queue->withdraw(std::move(ticket), committed);
        std::ignore = fixture.sealer->commit({});
        EXPECT_EQ(fixture.rows(), 0);
        EXPECT_FALSE(fixture.queue->take());
        EXPECT_EQ(fixture.reader.read(committed.addresses[0], MessageId(7), seal::RecordKind::copy)
                      .error()
                      .code,
                  "pack.shredded");
    }
    EXPECT_TRUE(fixture.events.empty());
    EXPECT_TRUE(fixture.notices.empty());
}

TEST(Queue, c2_8_deferred_recipients_are_tried_again_and_the_others_not) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org", "c@example.org", "d@example.org"})});
    fixture.finish(fixture.take(), {Outcome::delivered, Outcome::deferred, Outcome::failed});
    std::ignore = fixture.queue->step();
    const auto item = fixture.queue->list({}, 0, 10)->items.at(0);
    const auto next = item.next_attempt;
    EXPECT_EQ(fixture.notices.size(), 1);
    EXPECT_TRUE(fixture.notice_texts.at(0).contains("Final-Recipient: rfc822;d@example.org"));
    EXPECT_FALSE(fixture.notice_texts.at(0).contains("c@example.org"));
    EXPECT_TRUE(fixture.notice_texts.at(0).contains("Subject: s\r\n"));
    EXPECT_FALSE(fixture.notice_texts.at(0).contains("body"));
    EXPECT_FALSE(fixture.queue->take()) << "before its time";
    EXPECT_GE(next - fixture.instance.clock.now(), seconds(45));
    EXPECT_LE(next - fixture.instance.clock.now(), seconds(75));
    EXPECT_EQ(item.last_error, "450 later");
    EXPECT_EQ(item.attempts, 1);
    fixture.instance.clock.set(next);
    std::ignore = fixture.queue->step();
    const auto again = fixture.take();
    ASSERT_EQ(again.payload.recipients.size(), 1);
    EXPECT_EQ(again.payload.recipients[0].mailbox.text(), "c@example.org");
    EXPECT_EQ(again.attempts, 1);
}

TEST(Queue, c2_8_a_delay_is_told_after_four_hours_and_expiry_after_five_days) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org"})});
    const auto begun = fixture.instance.clock.now();
    int attempts = 0;
    std::optional<Time> warned;
    while (fixture.rows() > 0) {
        fixture.finish(fixture.take(), {Outcome::deferred});
        ASSERT_LT(++attempts, 1000) << "never given up";
        auto next = fixture.queue->step();
        if (!warned && !fixture.notices.empty()) {
            warned = fixture.instance.clock.now();
            EXPECT_TRUE(fixture.notice_texts.at(0).contains("Action: delayed"));
        }
        // The queue looks now and then whether there is something it does not know of.
        while (fixture.rows() > 0 && fixture.queue->status().entries == 0) {
            fixture.instance.clock.set(next);
            next = fixture.queue->step();
        }
    }
    ASSERT_TRUE(warned);
    EXPECT_GE(*warned - begun, hours(4));
    EXPECT_LE(*warned - begun, hours(6));
    EXPECT_EQ(fixture.instance.clock.now() - begun, hours(120));
    ASSERT_EQ(fixture.notices.size(), 2);
    EXPECT_TRUE(fixture.notice_texts.at(1).contains("Action: failed"));
    EXPECT_TRUE(fixture.notice_texts.at(1).contains("Status: 4.4.7"));
    EXPECT_GT(attempts, 100);
    EXPECT_LT(attempts, 170);
}

TEST(Queue, c2_8_no_notice_about_a_notice) {
    Fixture fixture;
    auto delivery = fixture.make("mx:25", {"b@example.org"});
    delivery.from.reset();
    fixture.put({delivery});
    fixture.finish(fixture.take(), {Outcome::failed});
    std::ignore = fixture.queue->step();
    EXPECT_TRUE(fixture.notices.empty());
    EXPECT_EQ(fixture.rows(), 0);
}

TEST(Queue, c2_8_the_key_of_a_copy_is_destroyed_when_its_last_delivery_ends) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org"}, true),
                 fixture.make("my:25", {"c@example.org"}, true)});
    const auto address = [&] {
        auto lease = fixture.instance.database().lease().value();
        const auto row = lease
                             ->query_first<std::int64_t, std::int64_t, std::int64_t, std::int64_t>(
                                 "select pack, pos, len, slot from queue_delivery order by id")
                             .value()
                             .value();
        return seal::Address{.volume = "main",
                             .pack = std::get<0>(row),
                             .offset = std::get<1>(row),
                             .length = std::get<2>(row),
                             .slot = std::get<3>(row)};
    }();
    const auto read = [&] {
        return fixture.reader.read(address, MessageId(1), seal::RecordKind::copy);
    };
    fixture.finish(fixture.take(), {Outcome::delivered});
    std::ignore = fixture.queue->step();
    EXPECT_TRUE(read()) << "the other delivery still needs it";
    fixture.finish(fixture.take(), {Outcome::delivered});
    std::ignore = fixture.queue->step();
    fixture.sealer.reset();  // waits for what it has begun
    ASSERT_FALSE(read());
    EXPECT_EQ(read().error().code, "pack.shredded");
    fixture.queue.reset();
}

TEST(Queue, c2_8_a_dead_host_defers_all_that_waits_for_it_and_nobody_else) {
    Fixture fixture;
    for (int i = 0; i < 5; ++i) {
        fixture.put({fixture.make("dead:25", {"b@example.org"})});
    }
    fixture.put({fixture.make("well:25", {"c@example.org"})});
    const auto first = fixture.take();
    fixture.finish(first, {Outcome::deferred}, true);
    EXPECT_EQ(fixture.take().destination, "well:25");
    EXPECT_FALSE(fixture.queue->take());
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.instance.number("select count(*) from queue_delivery where attempts = 1"), 5);
    // What comes now waits too, without an attempt.
    fixture.put({fixture.make("dead:25", {"b@example.org"})});
    EXPECT_FALSE(fixture.queue->take());
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.queue->list({.destination = "dead:25"}, 0, 10)->items.at(5).last_error,
              "450 later");
}

TEST(Queue, c2_13_no_attempt_while_results_cannot_be_recorded_and_none_is_lost) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org"})});
    fixture.put({fixture.make("mx:25", {"c@example.org"})});
    auto failing = fixture.take();
    fixture.inject_error =
        Error{.code = "seal.full", .fault = Fault::temporary, .text = "disk full"};
    fixture.finish(std::move(failing), {Outcome::failed});
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.queue->status().blocked, "disk full");
    EXPECT_EQ(fixture.queue->status().unrecorded, 1);
    EXPECT_FALSE(fixture.queue->take());
    EXPECT_EQ(fixture.rows(), 2);
    fixture.inject_error.reset();
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.queue->status().blocked, "");
    EXPECT_EQ(fixture.rows(), 1);
    EXPECT_EQ(fixture.notices.size(), 1);
    EXPECT_TRUE(fixture.queue->take());
}

TEST(Queue, c2_8_a_notice_that_no_route_takes_is_dropped_and_blocks_nothing) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org"})});
    fixture.inject_error =
        Error{.code = "recipient.no_route", .fault = Fault::sender, .text = "no route"};
    fixture.finish(fixture.take(), {Outcome::failed});
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.rows(), 0);
    EXPECT_EQ(fixture.queue->status().blocked, "");
}

TEST(Queue, c2_8_memory_is_bounded_and_what_had_no_room_follows) {
    Fixture fixture;
    fixture.reopen(
        {.max_message_memory = 2 * text.size(), .max_entries = 6, .max_entries_a_destination = 6});
    for (int i = 0; i < 20; ++i) {
        fixture.put({fixture.make("mx:25", {"b@example.org"})});
    }
    EXPECT_EQ(fixture.queue->status().entries, 6);
    int delivered = 0;
    while (auto delivery = fixture.queue->take()) {
        if (!delivery->bytes) {
            ASSERT_TRUE(fixture.queue->open(*delivery));
        }
        EXPECT_EQ(*delivery->bytes, text);
        fixture.finish(std::move(*delivery), {Outcome::delivered});
        std::ignore = fixture.queue->step();
        ++delivered;
    }
    EXPECT_EQ(delivered, 20);
    EXPECT_EQ(fixture.rows(), 0);
}

TEST(Queue, c2_8_list_show_hold_release_retry_delete) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"b@example.org"})});
    fixture.put({fixture.make("my:25", {"c@example.org"})});
    const auto all = fixture.queue->list({}, 0, 1);
    ASSERT_TRUE(all);
    ASSERT_EQ(all->items.size(), 1);
    const auto rest = fixture.queue->list({}, all->next, 10);
    ASSERT_EQ(rest->items.size(), 1);
    EXPECT_EQ(rest->next, 0);
    EXPECT_EQ(fixture.queue->list({.address = "c@example"}, 0, 10)->items.size(), 1);
    const auto first = all->items[0].id;
    const auto second = rest->items[0].id;
    EXPECT_EQ(fixture.queue->show(first)->recipients, std::vector<std::string>{"b@example.org"});

    ASSERT_TRUE(fixture.queue->hold(first));
    EXPECT_EQ(fixture.queue->show(first)->state, "held");
    EXPECT_EQ(fixture.queue->retry(first).error().code, "queue.held");
    auto other = fixture.take();
    EXPECT_EQ(other.id, second);
    EXPECT_FALSE(fixture.queue->take()) << "held";
    EXPECT_EQ(fixture.queue->hold(second).error().code, "queue.busy");
    fixture.finish(std::move(other), {Outcome::deferred}, true);
    EXPECT_EQ(fixture.queue->remove(second, true).error().code, "queue.busy");
    std::ignore = fixture.queue->step();

    ASSERT_TRUE(fixture.queue->retry(second));
    std::ignore = fixture.queue->step();
    fixture.finish(fixture.take(), {Outcome::deferred});
    std::ignore = fixture.queue->step();
    ASSERT_TRUE(fixture.queue->release(first));
    std::ignore = fixture.queue->step();
    EXPECT_EQ(fixture.take().id, first);
    ASSERT_TRUE(fixture.queue->remove(second, true));
    ASSERT_EQ(fixture.notices.size(), 1);
    EXPECT_TRUE(fixture.notice_texts[0].contains("deleted from the queue by an administrator"));
    EXPECT_EQ(fixture.queue->show(second).error().code, "queue.gone");
    EXPECT_EQ(fixture.queue->remove(second, false).error().code, "queue.gone");
}

TEST(Queue, c2_8_payloads_are_sealed_and_bound_to_their_row) {
    Fixture fixture;
    fixture.put({fixture.make("mx:25", {"secret@example.org"})}, true);
    fixture.put({fixture.make("mx:25", {"other@example.org"})}, true);
    EXPECT_EQ(fixture.instance.number(
                  "select count(*) from queue_delivery where payload like '%secret%'"),
              0);
    {
        auto lease = fixture.instance.database().lease(store::Access::read_write).value();
        ASSERT_TRUE(
            lease->run("update queue_delivery set payload = (select payload from queue_delivery "
                       "where message_id = 2) where message_id = 1"));
    }
    fixture.reopen();
    auto swapped = fixture.queue->take();
    ASSERT_TRUE(swapped);
    EXPECT_EQ(fixture.queue->open(*swapped).error().code, "vault.tampered");
}

TEST(Queue, c2_8_runs_on_its_own_thread_and_stop_records_what_was_reported) {
    Fixture fixture;
    fixture.reopen();
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    fixture.queue->run([&] {
        const std::scoped_lock lock(mutex);
        ready = true;
        changed.notify_one();
    });
    constexpr int messages = 50;
    for (int i = 0; i < messages; ++i) {
        fixture.put({fixture.make("mx:25", {"b@example.org"})});
    }
    int delivered = 0;
    while (delivered < messages) {
        if (auto delivery = fixture.queue->take()) {
            fixture.finish(std::move(*delivery), {Outcome::delivered});
            ++delivered;
        } else {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return ready; });
            ready = false;
        }
    }
    fixture.queue->stop();
    EXPECT_EQ(fixture.rows(), 0);
}

TEST(Queue, c2_8_a_hundred_thousand_queued_cost_a_start_little) {
    Fixture fixture;
    {
        auto lease = fixture.instance.database().lease(store::Access::read_write).value();
        auto tx = store::Tx::begin(*lease).value();
        ASSERT_TRUE(tx.run(
            "insert into queue_delivery (id, message_id, route, destination, state, next_attempt, "
            "attempts, created, expires, warned, owner, lease, attempt, volume, pack, pos, len, "
            "slot, own_record, last_error, payload)"
            " with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)"
            " select i, i, 'out', 'mx' || (i % 500), 'queued', i, 0, 0, 9000000000000000, 0, 0, 0, "
            "'', 'main', 1, 0, 0, 0, 0, '', '' from n"));
        ASSERT_TRUE(tx.finish());
    }
    const auto begin = std::chrono::steady_clock::now();
    fixture.reopen();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(2));
    EXPECT_EQ(fixture.queue->status().entries, 20000);
    EXPECT_TRUE(fixture.queue->take());
}

}  // namespace
}  // namespace bulla::queue

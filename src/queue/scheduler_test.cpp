#include "queue/scheduler.h"

#include "queue/retry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace bulla::queue {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Gives the same octet always.
class FixedRandom final : public Random {
  public:
    explicit FixedRandom(unsigned char octet) : octet_(octet) {}

    void fill(std::span<char> out) override { std::memset(out.data(), octet_, out.size()); }

  private:
    unsigned char octet_;
};

const Time start = from_unix(1'795'000'000);

TEST(Retry, c2_8_waits_double_up_to_the_longest) {
    const RetryPolicy policy{.first = seconds(60), .longest = seconds(3600)};
    FixedRandom middle(0x80);
    const std::vector<std::pair<unsigned, int>> table{
        {0, 60}, {1, 60}, {2, 120}, {3, 240}, {6, 1920}, {7, 3600}, {8, 3600}, {1000, 3600}};
    for (const auto& [attempts, wanted] : table) {
        const auto wait = decide_wait(policy, attempts, middle);
        EXPECT_NEAR(static_cast<double>(wait.count()) / 1e6, wanted, wanted * 0.01) << attempts;
    }
}

TEST(Retry, c2_8_chance_moves_a_wait_by_a_quarter_at_most) {
    const RetryPolicy policy{.first = seconds(60), .longest = seconds(3600)};
    FixedRandom least(0);
    FixedRandom most(0xFF);
    EXPECT_EQ(decide_wait(policy, 1, least), seconds(45));
    EXPECT_LT(decide_wait(policy, 1, most), seconds(75));
    EXPECT_GT(decide_wait(policy, 1, most), seconds(74));
}

TEST(Retry, c2_8_a_delay_is_told_once_and_not_if_switched_off) {
    const RetryPolicy policy{.warn = std::chrono::hours(4)};
    EXPECT_FALSE(is_delay_due(policy, start, start + std::chrono::hours(4) - seconds(1), false));
    EXPECT_TRUE(is_delay_due(policy, start, start + std::chrono::hours(4), false));
    EXPECT_FALSE(is_delay_due(policy, start, start + std::chrono::hours(9), true));
    EXPECT_FALSE(is_delay_due({.warn = seconds(0)}, start, start + std::chrono::hours(9), false));
}

struct Fixture {
    FixedRandom random{0x80};
    Scheduler scheduler;

    explicit Fixture(const SchedulerLimits& limits = {}) : scheduler(limits, RetryPolicy{}) {}

    std::vector<std::int64_t> take_all(Time now) {
        std::vector<std::int64_t> taken;
        while (const auto id = scheduler.take(now)) {
            taken.push_back(id->number());
        }
        return taken;
    }
};

TEST(Scheduler, c2_8_destinations_take_turns_each_within_its_concurrency) {
    Fixture fixture;
    for (const int id : {1, 2, 3, 4}) {
        ASSERT_TRUE(fixture.scheduler.add(DeliveryId(id), "a", 2));
    }
    ASSERT_TRUE(fixture.scheduler.add(DeliveryId(5), "b", 1));
    ASSERT_TRUE(fixture.scheduler.add(DeliveryId(6), "b", 1));
    EXPECT_EQ(fixture.take_all(start), (std::vector<std::int64_t>{1, 5, 2}));
    fixture.scheduler.finish(DeliveryId(5), true, start, fixture.random);
    EXPECT_EQ(fixture.take_all(start), std::vector<std::int64_t>{6});
    fixture.scheduler.finish(DeliveryId(1), true, start, fixture.random);
    fixture.scheduler.finish(DeliveryId(2), true, start, fixture.random);
    EXPECT_EQ(fixture.take_all(start), (std::vector<std::int64_t>{3, 4}));
}

TEST(Scheduler, c2_8_no_more_attempts_at_once_than_in_all) {
    Fixture fixture({.active = 3});
    for (int id = 1; id <= 10; ++id) {
        ASSERT_TRUE(fixture.scheduler.add(DeliveryId(id), std::to_string(id), 5));
    }
    EXPECT_EQ(fixture.take_all(start).size(), 3);
}

TEST(Scheduler, c2_8_a_failing_host_is_left_alone_then_probed_by_one_attempt) {
    Fixture fixture;
    for (const int id : {1, 2, 3, 4, 5}) {
        ASSERT_TRUE(fixture.scheduler.add(DeliveryId(id), "a", 2));
    }
    EXPECT_EQ(fixture.take_all(start), (std::vector<std::int64_t>{1, 2}));
    const auto until = fixture.scheduler.finish(DeliveryId(1), false, start, fixture.random);
    EXPECT_NEAR(static_cast<double>((until - start).count()) / 1e6, 60, 1);
    // The attempt that was under way beside it does not make it worse.
    EXPECT_EQ(fixture.scheduler.finish(DeliveryId(2), false, start, fixture.random), until);
    EXPECT_TRUE(fixture.take_all(until - seconds(1)).empty());
    EXPECT_EQ(fixture.take_all(until), std::vector<std::int64_t>{3});
    const auto longer = fixture.scheduler.finish(DeliveryId(3), false, until, fixture.random);
    EXPECT_NEAR(static_cast<double>((longer - until).count()) / 1e6, 120, 2);
    EXPECT_EQ(fixture.take_all(longer), std::vector<std::int64_t>{4});
    fixture.scheduler.finish(DeliveryId(4), true, longer, fixture.random);
    EXPECT_EQ(fixture.take_all(longer), std::vector<std::int64_t>{5});
}

TEST(Scheduler, c2_8_what_waits_for_a_host_that_is_left_alone_is_given_back) {
    Fixture fixture;
    for (const int id : {1, 2, 3}) {
        ASSERT_TRUE(fixture.scheduler.add(DeliveryId(id), "a", 1));
    }
    ASSERT_TRUE(fixture.scheduler.add(DeliveryId(4), "b", 1));
    EXPECT_EQ(fixture.take_all(start), (std::vector<std::int64_t>{1, 4}));
    fixture.scheduler.finish(DeliveryId(1), false, start, fixture.random);
    const auto blocked = fixture.scheduler.take_blocked(start);
    EXPECT_EQ(blocked, (std::vector<DeliveryId>{DeliveryId(2), DeliveryId(3)}));
    EXPECT_FALSE(fixture.scheduler.knows(DeliveryId(2)));
    EXPECT_EQ(fixture.scheduler.waiting(), 0);
}

TEST(Scheduler, c2_8_an_administrator_ends_the_back_off) {
    Fixture fixture;
    ASSERT_TRUE(fixture.scheduler.add(DeliveryId(1), "a", 1));
    EXPECT_EQ(fixture.take_all(start).size(), 1);
    fixture.scheduler.finish(DeliveryId(1), false, start, fixture.random);
    ASSERT_TRUE(fixture.scheduler.add(DeliveryId(2), "a", 1));
    EXPECT_TRUE(fixture.take_all(start).empty());
    fixture.scheduler.forgive("a");
    EXPECT_EQ(fixture.take_all(start).size(), 1);
}

TEST(Scheduler, c2_8_memory_is_bounded_in_all_and_for_each_destination) {
    Fixture fixture({.entries = 10, .entries_a_destination = 4, .active = 1});
    int taken = 0;
    for (int id = 1; id <= 8; ++id) {
        taken += fixture.scheduler.add(DeliveryId(id), "a", 1) ? 1 : 0;
    }
    EXPECT_EQ(taken, 4);
    EXPECT_EQ(fixture.scheduler.full_destinations(), std::vector<std::string>{"a"});
    for (int id = 101; id <= 120; ++id) {
        taken += fixture.scheduler.add(DeliveryId(id), std::to_string(id), 1) ? 1 : 0;
    }
    EXPECT_EQ(taken, 10);
    EXPECT_TRUE(fixture.scheduler.is_full());
    EXPECT_FALSE(fixture.scheduler.has_room_again());
    while (const auto id = fixture.scheduler.take(start)) {
        fixture.scheduler.finish(*id, true, start, fixture.random);
        if (fixture.scheduler.waiting() == 2) {
            break;
        }
    }
    EXPECT_TRUE(fixture.scheduler.has_room_again());
    EXPECT_FALSE(fixture.scheduler.has_room_again());
}

TEST(Scheduler, c2_8_remembers_no_destination_for_ever) {
    Fixture fixture;
    for (int id = 1; id <= 100; ++id) {
        ASSERT_TRUE(fixture.scheduler.add(DeliveryId(id), std::to_string(id), 1));
        const auto taken = fixture.scheduler.take(start);
        ASSERT_TRUE(taken);
        fixture.scheduler.finish(*taken, id % 2 == 0, start, fixture.random);
    }
    fixture.scheduler.sweep(start + std::chrono::hours(2));
    EXPECT_EQ(fixture.scheduler.destinations(), 0);
}

TEST(Scheduler, c2_8_one_under_way_is_not_removed) {
    Fixture fixture;
    ASSERT_TRUE(fixture.scheduler.add(DeliveryId(1), "a", 1));
    ASSERT_TRUE(fixture.scheduler.add(DeliveryId(2), "a", 1));
    EXPECT_EQ(fixture.take_all(start), std::vector<std::int64_t>{1});
    EXPECT_FALSE(fixture.scheduler.remove(DeliveryId(1)));
    EXPECT_TRUE(fixture.scheduler.remove(DeliveryId(2)));
    fixture.scheduler.finish(DeliveryId(1), true, start, fixture.random);
    EXPECT_TRUE(fixture.take_all(start).empty());
}

}  // namespace
}  // namespace bulla::queue

#include "gateway/exits/attempt_memory.h"

#include <gtest/gtest.h>

#include <string>

namespace bulla::gateway {
namespace {

net::Task<void> take_and_note(AttemptMemory& memory,
                              std::size_t octets,
                              std::string name,
                              std::string& order,
                              AttemptMemory::Share& kept) {
    kept = co_await memory.take(octets);
    order += name;
}

TEST(AttemptMemory, c2_5_room_at_the_limit_and_one_past) {
    AttemptMemory memory(100);
    auto first = memory.try_take(50);
    auto second = memory.try_take(49);
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(memory.try_take(2));
    EXPECT_TRUE(memory.try_take(1));
    EXPECT_EQ(memory.used(), 99U) << "a share that goes gives its room back";
    // A message that is greater than all of it still has its turn.
    second = {};
    EXPECT_TRUE(memory.try_take(1000));
}

net::Task<bool> wait_beyond_a_smaller_limit() {
    AttemptMemory memory(100);
    std::string order;
    AttemptMemory::Share a;
    auto first = memory.try_take(50);
    auto second = memory.try_take(40);
    net::Runtime::spawn_here(take_and_note(memory, 45, "a", order, a), "a");
    co_await net::yield_now();
    // It was charged for the old limit, and is greater than all of the new one.
    memory.set_limit(20);
    EXPECT_FALSE(memory.try_take(1));
    first = {};
    second = {};
    for (int i = 0; i < 10 && order.empty(); ++i) {
        co_await net::yield_now();
    }
    EXPECT_EQ(memory.used(), 45U);
    EXPECT_FALSE(memory.try_take(1));
    memory.set_limit(100);
    EXPECT_TRUE(memory.try_take(50));
    co_return order == "a";
}

TEST(AttemptMemory, c2_13_a_smaller_limit_lets_nobody_wait_for_ever) {
    EXPECT_TRUE(net::run_blocking(wait_beyond_a_smaller_limit()));
}

net::Task<std::string> wait_in_turn() {
    AttemptMemory memory(100);
    std::string order;
    AttemptMemory::Share a;
    AttemptMemory::Share b;
    auto first = memory.try_take(50);
    auto second = memory.try_take(40);
    net::Runtime::spawn_here(take_and_note(memory, 45, "a", order, a), "a");
    net::Runtime::spawn_here(take_and_note(memory, 5, "b", order, b), "b");
    co_await net::yield_now();
    co_await net::yield_now();
    order += "|";
    // There is room for b all the time; but a came first.
    EXPECT_FALSE(memory.try_take(5));
    second = {};
    for (int i = 0; i < 10; ++i) {
        co_await net::yield_now();
    }
    EXPECT_EQ(memory.used(), 100U);
    co_return order;
}

TEST(AttemptMemory, c2_5_who_waits_first_is_served_first) {
    EXPECT_EQ(net::run_blocking(wait_in_turn()), "|ab");
}

}  // namespace
}  // namespace bulla::gateway

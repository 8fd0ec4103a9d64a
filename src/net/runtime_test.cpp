#include "net/runtime.h"

#include "base/error.h"

#include <gtest/gtest.h>

#include <latch>
#include <semaphore>
#include <stdexcept>
#include <thread>

namespace bulla::net {
namespace {

using std::chrono::milliseconds;

Task<int> add(int a, int b) {
    co_return a + b;
}

Task<int> fails() {
    throw std::runtime_error("no");
    co_return 0;
}

TEST(Task, values_and_exceptions_reach_the_awaiter) {
    EXPECT_EQ(run_blocking(add(2, 3)), 5);
    EXPECT_THROW(run_blocking(fails()), std::runtime_error);
}

TEST(Task, a_long_chain_needs_no_stack) {
    constexpr auto chain = []() -> Task<int> {
        int sum = 0;
        for (int i = 0; i < 1'000'000; ++i) {
            sum += co_await add(i, -i) + 1;
        }
        co_return sum;
    };
    EXPECT_EQ(run_blocking(chain()), 1'000'000);
}

TEST(Runtime, a_callback_of_another_thread_resumes_once_on_the_io_thread) {
    const auto test = []() -> Task<bool> {
        const auto here = std::this_thread::get_id();
        std::jthread other;
        const int value = co_await async<int>([&other](std::function<void(int)> done) {
            other = std::jthread([done = std::move(done)] {
                done(1);
                done(2);
            });
        });
        co_return value == 1 && std::this_thread::get_id() == here;
    };
    EXPECT_TRUE(run_blocking(test()));
}

TEST(Runtime, what_waits_makes_neither_short_nor_long_work_wait) {
    constexpr auto test = []() -> Task<int> {
        auto& runtime = detail::current_runtime();
        std::counting_semaphore<4> answered(0);
        std::latch ended(4);
        for (int i = 0; i < 4; ++i) {
            runtime.post_waiting_work([&] {
                answered.acquire();
                ended.count_down();
            });
        }
        const int brief = co_await on_work_pool([] { return 1; });
        const int lengthy = co_await async<int>([&runtime](std::function<void(int)> done) {
            runtime.post_long_work([done = std::move(done)] { done(2); });
        });
        answered.release(4);
        ended.wait();
        co_return brief + lengthy;
    };
    EXPECT_EQ(run_blocking(test()), 3);
}

TEST(Runtime, a_callback_may_come_before_start_returns) {
    const auto test = []() -> Task<int> {
        co_return co_await async<int>([](const std::function<void(int)>& done) { done(7); });
    };
    EXPECT_EQ(run_blocking(test()), 7);
}

TEST(Runtime, work_runs_on_another_thread_and_returns) {
    const auto test = []() -> Task<bool> {
        const auto here = std::this_thread::get_id();
        const auto there = co_await on_work_pool([] { return std::this_thread::get_id(); });
        bool caught = false;
        try {
            co_await on_work_pool([] { throw std::runtime_error("no"); });
        } catch (const std::runtime_error&) {
            caught = true;
        }
        co_return here != there&& caught&& std::this_thread::get_id() == here;
    };
    EXPECT_TRUE(run_blocking(test()));
}

TEST(Runtime, coroutines_that_wait_are_destroyed_where_they_stand) {
    struct Flag {
        bool& gone;

        explicit Flag(bool& flag) : gone(flag) {}

        Flag(const Flag&) = delete;
        Flag& operator=(const Flag&) = delete;

        ~Flag() { gone = true; }
    };

    const auto waits = [](bool& gone, Event& never) -> Task<void> {
        const Flag flag(gone);
        (void)co_await never.wait_until(no_deadline);
    };
    const auto stops = [](Runtime& runtime) -> Task<void> {
        co_await yield_now();
        runtime.stop();
    };
    bool waiter_gone = false;
    bool caller_gone = false;
    std::function<void(int)> late;
    {
        Event never;
        Runtime runtime({.io_threads = 1, .work_threads = 1});
        runtime.spawn(waits(waiter_gone, never), "waits");
        const auto calls = [&]() -> Task<void> {
            const Flag flag(caller_gone);
            (void)co_await async<int>(
                [&](std::function<void(int)> done) { late = std::move(done); });
        };
        runtime.spawn(calls(), "calls");
        runtime.spawn(stops(runtime), "stops");
        runtime.run_until_stopped();
        EXPECT_TRUE(waiter_gone);
        EXPECT_TRUE(caller_gone);
        late(1);  // a callback after the end has no effect
    }
}

TEST(Runtime, all_io_threads_take_their_turn) {
    Runtime runtime({.io_threads = 3, .work_threads = 1});
    std::array<std::atomic<int>, 3> seen{};
    std::atomic<int> left = 9;
    const auto task = [&]() -> Task<void> {
        ++seen[Runtime::thread_index()];
        if (--left == 0) {
            runtime.stop();
        }
        co_return;
    };
    for (int i = 0; i < 9; ++i) {
        runtime.spawn(task(), "task");
    }
    runtime.run_until_stopped();
    for (const auto& count : seen) {
        EXPECT_EQ(count, 3);
    }
}

TEST(Event, notify_before_the_wait_is_kept_and_a_deadline_ends_it) {
    const auto test = []() -> Task<std::pair<bool, bool>> {
        Event event;
        event.notify();
        event.notify();
        const bool first = co_await event.wait_until(no_deadline);
        const bool second = co_await event.wait_until(after(milliseconds(5)));
        co_return std::pair(first, second);
    };
    EXPECT_EQ(run_blocking(test()), std::pair(true, false));
}

TEST(Event, notify_from_another_thread_ends_the_wait) {
    const auto test = []() -> Task<bool> {
        Event event;
        const std::jthread other([&] { event.notify(); });
        co_return co_await event.wait_until(no_deadline);
    };
    EXPECT_TRUE(run_blocking(test()));
}

}  // namespace
}  // namespace bulla::net

#pragma once
#include "net/task.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace bulla::net {

struct IoThread;  // one event loop and its thread; known to this folder alone

using Deadline = std::chrono::steady_clock::time_point;

/// The deadline that never comes.
inline constexpr Deadline no_deadline = Deadline::max();

/// `span` from now.
[[nodiscard]] inline Deadline after(std::chrono::steady_clock::duration span) {
    return std::chrono::steady_clock::now() + span;
}

struct RuntimeOptions {
    unsigned io_threads = 0;    ///< Threads that run sessions; 0: one a core.
    unsigned work_threads = 0;  ///< Threads that run long computations; 0: one a core.
};

/// The threads of the program: io threads, each with an event loop of its own, so that a session needs no lock, and a pool for work that
/// takes long. One Runtime a process is usual; tests make their own.
class Runtime {
  public:
    explicit Runtime(const RuntimeOptions& options = {});
    /// Destroy streams and listeners that outlive their coroutine before this.
    ~Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    /// Starts `task` on one of the io threads, in turn. `name` tells in the log which one failed. From any thread.
    void spawn(Task<void> task, std::string name);
    /// Starts `task` on the io thread that calls.
    static void spawn_here(Task<void> task, std::string name);
    /// Runs the io threads (the caller becomes one of them) and the work pool until stop(). Then all threads have ended, work that was
    /// accepted is done, and all coroutines are destroyed where they stood.
    void run_until_stopped();
    /// Makes run_until_stopped return. From any thread.
    void stop();
    /// Runs `work` on the work pool. From any thread.
    void post_work(std::function<void()> work);
    /// The same for work that takes a tenth of a second or more: one at a time, on a thread of its own that gives way to all others, so that
    /// it never makes short work wait. From any thread.
    void post_long_work(std::function<void()> work);
    /// The same for what mostly waits for others, such as the DNS or a token: a few at once, beside the other two, so that nobody else waits
    /// with it. From any thread.
    void post_waiting_work(std::function<void()> work);
    /// Calls `handler` on an io thread each time one of `signals` comes. Call before run_until_stopped.
    void on_signal(std::initializer_list<int> signals, std::function<void(int)> handler);
    [[nodiscard]] unsigned io_threads() const;
    /// The number of the io thread that calls, from 0; for things that are kept once a thread.
    [[nodiscard]] static unsigned thread_index();

    /// For this folder: the io thread whose turn it is, and the one that listens.
    [[nodiscard]] IoThread& next_thread();
    [[nodiscard]] IoThread& first_thread();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Runs `task` on a Runtime of one io thread (the caller's) and gives its result: for the command line and for tests.
template <class T>
T run_blocking(Task<T> task);

/// Suspends for `span`. On an io thread.
[[nodiscard]] Task<void> sleep(std::chrono::steady_clock::duration span);
/// Lets the others of this io thread go first.
[[nodiscard]] Task<void> yield_now();

/// A signal that one coroutine waits for. notify() from any thread; wait_until() by one coroutine at a time.
class Event {
  public:
    Event();
    ~Event();
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    /// Ends the present wait, or the next one if there is none.
    void notify();
    /// Returns at notify() or at `deadline`: true if it was notified.
    [[nodiscard]] Task<bool> wait_until(Deadline deadline);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

namespace detail {

[[nodiscard]] IoThread* current_io_thread();
/// Runs `function` on `thread`; without effect once the thread has ended. From any thread.
void post_to(IoThread* thread, std::function<void()> function);
[[nodiscard]] Runtime& current_runtime();

/// The bridge from a callback to a coroutine: shared by the awaiter and whoever calls back.
template <class T>
struct Bridge {
    std::atomic<bool> called = false;
    std::optional<T> value;
    std::coroutine_handle<> waiting;
    bool abandoned =
        false;  ///< The coroutine is gone; written and read on its io thread (or after its end).
};

template <class T, class Start>
struct BridgeAwaiter {
    Start start;
    std::shared_ptr<Bridge<T>> bridge = std::make_shared<Bridge<T>>();

    explicit BridgeAwaiter(Start given) : start(std::move(given)) {}

    BridgeAwaiter(const BridgeAwaiter&) = delete;
    BridgeAwaiter& operator=(const BridgeAwaiter&) = delete;

    ~BridgeAwaiter() { bridge->abandoned = true; }

    [[nodiscard]] bool await_ready() const noexcept { return false; }

    void await_suspend(std::coroutine_handle<> waiting) {
        bridge->waiting = waiting;
        start([shared = bridge, thread = current_io_thread()](T value) {
            if (shared->called.exchange(true)) {
                return;
            }
            shared->value.emplace(std::move(value));
            post_to(thread, [shared] {
                if (!shared->abandoned) {
                    shared->waiting.resume();
                }
            });
        });
    }

    T await_resume() { return take_value(bridge->value); }
};

}  // namespace detail

/// Calls `start(callback)` and waits until the callback is called with a T, from any thread; further calls of it are ignored. `start` must
/// not throw. On an io thread, to which it returns.
template <class T, class Start>
[[nodiscard]] Task<T> async(Start start) {
    co_return co_await detail::BridgeAwaiter<T, Start>(std::move(start));
}

/// Runs `work` on the work pool of the Runtime and gives its result, or its exception. For what takes longer than some 100 µs.
template <class Work>
[[nodiscard]] auto on_work_pool(Work work) -> Task<std::invoke_result_t<Work&>> {
    using T = std::invoke_result_t<Work&>;
    using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
    using Outcome = std::shared_ptr<std::pair<std::exception_ptr, std::optional<Value>>>;
    auto shared_work = std::make_shared<Work>(std::move(work));
    auto start = [shared_work](std::function<void(Outcome)> done) {
        detail::current_runtime().post_work([shared_work, done = std::move(done)] {
            auto outcome = std::make_shared<std::pair<std::exception_ptr, std::optional<Value>>>();
            try {
                if constexpr (std::is_void_v<T>) {
                    (*shared_work)();
                    outcome->second.emplace();
                } else {
                    outcome->second.emplace((*shared_work)());
                }
            } catch (...) {
                outcome->first = std::current_exception();
            }
            done(std::move(outcome));
        });
    };
    auto outcome = co_await async<Outcome>(std::move(start));
    if (outcome->first) {
        std::rethrow_exception(outcome->first);
    }
    if constexpr (!std::is_void_v<T>) {
        co_return detail::take_value(outcome->second);
    }
}

namespace detail {

template <class T>
Task<void> store_result(Task<T> task,
                        std::optional<T>& value,
                        std::exception_ptr& error,
                        Runtime& runtime) {
    try {
        value.emplace(co_await std::move(task));
    } catch (...) {
        error = std::current_exception();
    }
    runtime.stop();
}

template <class T>
Task<std::monostate> with_value(Task<T> task) {
    co_await std::move(task);
    co_return std::monostate{};
}

}  // namespace detail

template <class T>
T run_blocking(Task<T> task) {
    if constexpr (std::is_void_v<T>) {
        run_blocking(detail::with_value(std::move(task)));
    } else {
        Runtime runtime({.io_threads = 1, .work_threads = 1});
        std::optional<T> value;
        std::exception_ptr error;
        runtime.spawn(detail::store_result(std::move(task), value, error, runtime), "run_blocking");
        runtime.run_until_stopped();
        if (error) {
            std::rethrow_exception(error);
        }
        return detail::take_value(value);
    }
}

}  // namespace bulla::net

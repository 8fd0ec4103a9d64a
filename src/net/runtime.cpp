#include "net/runtime.h"

#include "base/log.h"
#include "base/system_text.h"
#include "net/io_thread.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bulla::net {

namespace {

constexpr int long_work_niceness = 10;
constexpr unsigned waiting_threads = 4;

// Which event loop the calling thread runs: how a coroutine finds where it has to go on.
IoThread*& current() {
    thread_local IoThread* thread = nullptr;
    return thread;
}

/// The outermost coroutine of a spawned task: it belongs to its IoThread and destroys itself at its end.
struct Root {
    struct promise_type {  // NOLINT(readability-identifier-naming): the name is the language's
        IoThread* thread = nullptr;

        Root get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }

        [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }

        [[nodiscard]] std::suspend_never final_suspend() noexcept {
            const std::scoped_lock lock(thread->roots_mutex);
            thread->roots.erase(std::coroutine_handle<promise_type>::from_promise(*this).address());
            return {};
        }

        void return_void() const noexcept {}

        void unhandled_exception() const noexcept {}
    };

    std::coroutine_handle<promise_type> handle;
};

Root run_root(Task<void> task, std::string name) {
    try {
        co_await std::move(task);
    } catch (const std::exception& exception) {
        log::error("net.task_failed", {{"task", name}, {"what", exception.what()}});
    }
}

class WorkPool {
  public:
    /// `niceness` of the threads: more than 0 gives way to others (nice(2)).
    void start(unsigned threads, int niceness) {
        for (unsigned i = 0; i < threads; ++i) {
            threads_.emplace_back([this, niceness] {
                if (niceness > 0 &&
                    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness) != 0) {
                    log::warning("net.no_niceness", {{"reason", system_text(errno)}});
                }
                run();
            });
        }
    }

    void post(std::function<void()> work) {
        {
            const std::scoped_lock lock(mutex_);
            work_.push_back(std::move(work));
        }
        wake_.notify_one();
    }

    /// Does what was accepted, then ends.
    void finish() {
        {
            const std::scoped_lock lock(mutex_);
            finishing_ = true;
        }
        wake_.notify_all();
        threads_.clear();
        finishing_ = false;
    }

  private:
    void run() {
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [this] { return finishing_ || !work_.empty(); });
            if (work_.empty()) {
                return;
            }
            auto work = std::move(work_.front());
            work_.pop_front();
            lock.unlock();
            work();
            work = nullptr;
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> work_;
    bool finishing_ = false;
    std::vector<std::jthread> threads_;
};

/// Suspends until the handler that `start` installs is called on this io thread.
template <class Start>
struct HandlerAwaiter {
    Start start;

    [[nodiscard]] bool await_ready() const noexcept { return false; }

    void await_suspend(std::coroutine_handle<> waiting) { start(waiting); }

    void await_resume() const noexcept {}
};

}  // namespace

void IoThread::spawn(Task<void> task, std::string name) {
    const auto root = run_root(std::move(task), std::move(name)).handle;
    root.promise().thread = this;
    {
        const std::scoped_lock lock(roots_mutex);
        roots.insert(root.address());
    }
    asio::post(context, [root] { root.resume(); });
}

void IoThread::destroy_roots() {
    current() = this;
    // A coroutine's end may start another (spawn_here in a destructor): until none is left.
    while (true) {
        std::unordered_set<void*> standing;
        {
            const std::scoped_lock lock(roots_mutex);
            standing.swap(roots);
        }
        if (standing.empty()) {
            break;
        }
        for (void* address : standing) {
            std::coroutine_handle<>::from_address(address).destroy();
        }
    }
    current() = nullptr;
}

struct Runtime::Impl {
    std::vector<std::unique_ptr<IoThread>> threads;
    WorkPool pool;
    WorkPool long_pool;
    WorkPool waiting_pool;
    unsigned work_threads;
    std::atomic<unsigned> next = 0;
    std::vector<std::unique_ptr<asio::signal_set>> signals;

    void wait_for_signal(asio::signal_set& set,
                         const std::shared_ptr<std::function<void(int)>>& handler) {
        set.async_wait([this, &set, handler](const boost::system::error_code& error, int number) {
            if (!error) {
                (*handler)(number);
                wait_for_signal(set, handler);
            }
        });
    }

    static void run_loop(IoThread& thread) {
        current() = &thread;
        const auto guard = asio::make_work_guard(thread.context);
        while (!thread.context.stopped()) {
            try {
                thread.context.run();
            } catch (const std::exception& exception) {
                log::error("net.handler_failed", {{"what", exception.what()}});
            }
        }
        current() = nullptr;
    }
};

Runtime::Runtime(const RuntimeOptions& options) : impl_(std::make_unique<Impl>()) {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const unsigned io_threads = options.io_threads != 0 ? options.io_threads : cores;
    impl_->work_threads = options.work_threads != 0 ? options.work_threads : cores;
    for (unsigned i = 0; i < io_threads; ++i) {
        impl_->threads.push_back(std::make_unique<IoThread>(this, i));
    }
    // A peer that goes away while we write must be an error code, not the end of the program; OpenSSL writes without MSG_NOSIGNAL.
    (void)std::signal(SIGPIPE, SIG_IGN);
}

Runtime::~Runtime() {
    for (const auto& thread : impl_->threads) {
        thread->destroy_roots();
    }
    impl_->signals.clear();
}

void Runtime::spawn(Task<void> task, std::string name) {
    const auto turn = impl_->next.fetch_add(1, std::memory_order_relaxed);
    impl_->threads[turn % impl_->threads.size()]->spawn(std::move(task), std::move(name));
}

void Runtime::spawn_here(Task<void> task, std::string name) {
    current()->spawn(std::move(task), std::move(name));
}

void Runtime::run_until_stopped() {
    impl_->pool.start(impl_->work_threads, 0);
    impl_->long_pool.start(1, long_work_niceness);
    impl_->waiting_pool.start(waiting_threads, 0);
    {
        std::vector<std::jthread> others;
        for (std::size_t i = 1; i < impl_->threads.size(); ++i) {
            others.emplace_back([&thread = *impl_->threads[i]] { Impl::run_loop(thread); });
        }
        Impl::run_loop(*impl_->threads[0]);
    }
    impl_->waiting_pool.finish();
    impl_->long_pool.finish();
    impl_->pool.finish();
    for (const auto& thread : impl_->threads) {
        thread->destroy_roots();
    }
}

void Runtime::stop() {
    for (const auto& thread : impl_->threads) {
        thread->context.stop();
    }
}

void Runtime::post_work(std::function<void()> work) {
    impl_->pool.post(std::move(work));
}

void Runtime::post_long_work(std::function<void()> work) {
    impl_->long_pool.post(std::move(work));
}

void Runtime::post_waiting_work(std::function<void()> work) {
    impl_->waiting_pool.post(std::move(work));
}

void Runtime::on_signal(std::initializer_list<int> signals, std::function<void(int)> handler) {
    auto set = std::make_unique<asio::signal_set>(impl_->threads[0]->context);
    for (const int number : signals) {
        set->add(number);
    }
    impl_->wait_for_signal(*set, std::make_shared<std::function<void(int)>>(std::move(handler)));
    impl_->signals.push_back(std::move(set));
}

unsigned Runtime::io_threads() const {
    return static_cast<unsigned>(impl_->threads.size());
}

unsigned Runtime::thread_index() {
    return current()->index;
}

IoThread& Runtime::next_thread() {
    const auto turn = impl_->next.fetch_add(1, std::memory_order_relaxed);
    return *impl_->threads[turn % impl_->threads.size()];
}

IoThread& Runtime::first_thread() {
    return *impl_->threads[0];
}

namespace detail {

IoThread* current_io_thread() {
    return current();
}

void post_to(IoThread* thread, std::function<void()> function) {
    asio::post(thread->context, std::move(function));
}

Runtime& current_runtime() {
    return *current()->runtime;
}

}  // namespace detail

Task<void> sleep(std::chrono::steady_clock::duration span) {
    asio::steady_timer timer(current()->context, span);
    auto start = [&timer](std::coroutine_handle<> waiting) {
        timer.async_wait([waiting](const boost::system::error_code&) { waiting.resume(); });
    };
    co_await HandlerAwaiter{start};
}

Task<void> yield_now() {
    auto start = [](std::coroutine_handle<> waiting) {
        asio::post(current()->context, [waiting] { waiting.resume(); });
    };
    co_await HandlerAwaiter{start};
}

// The waiter's io thread alone resumes it; the mutex guards what notify() of other threads touches.
struct Event::State {
    std::mutex mutex;
    bool notified = false;
    IoThread* thread = nullptr;                 // of the waiter; null if nobody waits
    std::unique_ptr<asio::steady_timer> timer;  // touched on `thread` alone
};

Event::Event() : state_(std::make_shared<State>()) {}

Event::~Event() = default;

void Event::notify() {
    IoThread* thread = nullptr;
    {
        const std::scoped_lock lock(state_->mutex);
        if (std::exchange(state_->notified, true)) {
            return;
        }
        thread = state_->thread;
    }
    if (thread != nullptr) {
        detail::post_to(thread, [state = state_] {
            if (state->timer) {
                state->timer->cancel();
            }
        });
    }
}

Task<bool> Event::wait_until(Deadline deadline) {
    const auto state = state_;

    // If this coroutine is destroyed while it waits, the timer has to go before its event loop does.
    struct Leave {
        State& state;

        ~Leave() {
            const std::scoped_lock lock(state.mutex);
            state.thread = nullptr;
            state.timer = nullptr;
        }
    };

    const Leave leave{*state};
    while (true) {
        {
            const std::scoped_lock lock(state->mutex);
            if (std::exchange(state->notified, false)) {
                co_return true;
            }
            if (std::chrono::steady_clock::now() >= deadline) {
                co_return false;
            }
            state->thread = current();
            state->timer = std::make_unique<asio::steady_timer>(current()->context, deadline);
        }
        auto start = [&timer = *state->timer](std::coroutine_handle<> waiting) {
            timer.async_wait([waiting](const boost::system::error_code&) { waiting.resume(); });
        };
        co_await HandlerAwaiter{start};
    }
}

}  // namespace bulla::net

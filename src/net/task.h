#pragma once
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace bulla::net {

template <class T = void>
class Task;

namespace detail {

/// Resumes whoever awaits the task that just ended.
struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }

    template <class Promise>
    [[nodiscard]] std::coroutine_handle<> await_suspend(
        std::coroutine_handle<Promise> ended) const noexcept {
        return ended.promise().continuation;
    }

    void await_resume() const noexcept {}
};

/// What is in `value`, which has been filled by now.
template <class T>
[[nodiscard]] T take_value(std::optional<T>& value) {
    if (!value) {
        std::terminate();
    }
    return std::move(*value);
}

struct PromiseBase {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr error;

    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }

    [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }

    void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
    std::optional<T> value;

    Task<T> get_return_object() noexcept;

    template <class U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }

    T take() {
        if (error) {
            std::rethrow_exception(error);
        }
        return take_value(value);
    }
};

template <>
struct Promise<void> : PromiseBase {
    Task<void> get_return_object() noexcept;

    void return_void() const noexcept {}

    void take() const {
        if (error) {
            std::rethrow_exception(error);
        }
    }
};

}  // namespace detail

/// A coroutine that starts when it is awaited and gives its result, or exception, to the one that awaits it. It runs on the io thread of
/// whoever started the outermost one (Runtime::spawn) and stays there: nothing in it needs a lock against itself. Move-only; awaited once.
template <class T>
class [[nodiscard]] Task {
  public:
    using promise_type = detail::Promise<T>;

    explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }

    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    ~Task() {
        if (handle_) {
            handle_.destroy();
        }
    }

    struct Awaiter {
        std::coroutine_handle<promise_type> handle;

        [[nodiscard]] bool await_ready() const noexcept { return false; }

        [[nodiscard]] std::coroutine_handle<> await_suspend(
            std::coroutine_handle<> awaiting) const noexcept {
            handle.promise().continuation = awaiting;
            return handle;
        }

        T await_resume() const { return handle.promise().take(); }
    };

    [[nodiscard]] Awaiter operator co_await() && noexcept { return Awaiter{handle_}; }

  private:
    std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace detail

}  // namespace bulla::net

// BULLA_TRY and BULLA_CHECK (base/error.h) for coroutines.
#define BULLA_CO_TRY(name, expression)                               \
    auto name##_result = (expression);                               \
    if (!name##_result) {                                            \
        co_return std::unexpected(std::move(name##_result).error()); \
    }                                                                \
    auto& name = *name##_result  // NOLINT(bugprone-macro-parentheses)

#define BULLA_CO_CHECK(expression)                                      \
    do {                                                                \
        if (auto check_result = (expression); !check_result) {          \
            co_return std::unexpected(std::move(check_result).error()); \
        }                                                               \
    } while (false)

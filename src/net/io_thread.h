#pragma once
#include "net/asio.h"
#include "net/task.h"

#include <coroutine>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

namespace bulla::net {

class Runtime;

/// One event loop. All that belongs to it is touched by its thread alone, but for what is said to be for any thread.
struct IoThread {
    Runtime* runtime;
    unsigned index;
    asio::io_context context{1};
    // The outermost coroutines, so that none outlives the run.
    std::mutex roots_mutex;
    std::unordered_set<void*> roots;

    IoThread(Runtime* owner, unsigned number) : runtime(owner), index(number) {}

    /// Starts `task` here. From any thread.
    void spawn(Task<void> task, std::string name);
    /// Destroys the coroutines where they stand. The event loop must have ended.
    void destroy_roots();
};

}  // namespace bulla::net

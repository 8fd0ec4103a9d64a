#pragma once
#include "config/config.h"
#include "net/listener.h"
#include "net/runtime.h"

#include <cstddef>

namespace bulla::gateway {

/// A place where mail comes in, whatever the protocol. Destroy it after the Runtime's run.
class Door {
  public:
    Door() = default;
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;
    virtual ~Door() = default;

    /// Accepts connections from now on.
    virtual void start(net::Runtime& runtime, net::Listener socket) = 0;
    /// Takes no more connections; those that stand go on. start() may follow.
    virtual void close() = 0;
    /// Sessions that begin from now on follow `listener`. From any thread.
    virtual void set_listener(config::Listener listener) = 0;
    /// Accepts no more; sessions without an open transaction end at once, the others after it. From any thread. Wait for sessions() to become
    /// 0 as long as transactions may take, then stop the Runtime.
    virtual void stop() = 0;
    /// How many sessions there are.
    [[nodiscard]] virtual std::size_t sessions() const = 0;
};

}  // namespace bulla::gateway

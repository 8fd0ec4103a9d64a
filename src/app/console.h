#pragma once
#include "api/server.h"
#include "gateway/metrics.h"
#include "net/listener.h"
#include "net/resolver.h"
#include "net/runtime.h"
#include "net/tls.h"
#include "queue/queue.h"
#include "services/instance.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bulla::app {

/// What the console works with; all of it outlives the Runtime's run.
struct ConsoleContext {
    services::Instance& instance;
    services::ServiceContext& services;
    queue::Queue& queue;
    const gateway::Metrics& metrics;
    const net::TlsSlot& own_certificate;
    net::Runtime& runtime;
};

/// The console and the API as a part of the daemon: its sockets, what it asks of the other parts, and the events that it tells of.
class Console {
  public:
    /// Binds what [console] says; while there may still be the right to low ports. Reads its certificate, whose key may be root's alone.
    /// Errors: those of net::Listener::bind, console.certificate, those of net::TlsContext::make_server.
    [[nodiscard]] static Result<std::unique_ptr<Console>> bind(const config::Config& config);
    ~Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    /// Serves from now on. Call once.
    void start(const ConsoleContext& context);
    /// Takes no more requests; those at hand go on.
    void stop();
    [[nodiscard]] std::size_t connections() const;
    /// Tells those who look on that a delivery changed. From any thread.
    void note_delivery(const queue::Delivery& delivery);

  private:
    struct Parts;
    Console();

    std::unique_ptr<Parts> parts_;
};

}  // namespace bulla::app

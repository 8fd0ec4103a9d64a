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
#include <optional>
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

/// What the console needs rights for that the daemon gives up.
struct ConsoleSockets {
    struct Socket {
        net::Listener listener;
        bool tls;
    };

    /// Binds what [console] says; while there may still be the right to low ports. Reads its certificate, whose key may be root's alone.
    /// Errors: those of net::Listener::bind, console.certificate.
    [[nodiscard]] static Result<ConsoleSockets> bind(const config::Config& config);

    config::Console settings;
    std::vector<Socket> sockets;
    std::shared_ptr<const net::TlsContext> certificate;  ///< Null: the instance's own.
    std::string certificate_pem;                         ///< What it was made from.
};

/// The console and the API as a part of the daemon: its sockets, what it asks of the other parts, and the events that it tells of.
class Console {
  public:
    /// From here on it takes what there is to tell of, so it is made before anything can happen: before deliveries, jobs and calls begin. It
    /// answers nobody yet.
    Console(ConsoleSockets sockets, const ConsoleContext& context);
    ~Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    /// Serves from now on. Call once.
    void start();
    /// Reads the certificate that `settings` names again, and puts it in force for connections that begin; one that cannot be used leaves the
    /// one of before. Error: console.certificate, which says that. From one thread at a time.
    [[nodiscard]] Result<void> follow(const config::Console& settings);

    /// When the certificate in force ends, and whether the instance signed it itself; none without HTTPS.
    struct Certificate {
        Time expires;
        bool own;
    };

    [[nodiscard]] std::optional<Certificate> certificate() const;
    /// Takes no more requests; those at hand go on.
    void stop();
    [[nodiscard]] std::size_t connections() const;
    /// Tells those who look on that a delivery changed. From any thread.
    void note_delivery(const queue::Delivery& delivery);
    /// Tells them that the charts of traffic have changed. From any thread.
    void note_traffic();

  private:
    struct Parts;

    std::unique_ptr<Parts> parts_;
};

}  // namespace bulla::app

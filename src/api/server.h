#pragma once
#include "api/assets.h"
#include "api/event_hub.h"
#include "api/http_metrics.h"
#include "api/request_parser.h"
#include "api/route.h"
#include "base/clock.h"
#include "config/config.h"
#include "gateway/doors/connection_limits.h"
#include "net/listener.h"
#include "net/runtime.h"
#include "net/stream.h"
#include "net/tls.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bulla::api {

/// How slow a client may be.
struct HttpTimes {
    std::chrono::milliseconds header{10'000};     ///< From the first octet to the end of the head.
    std::chrono::milliseconds idle{60'000};       ///< Between two requests.
    std::chrono::milliseconds body{10'000};       ///< For a body, beside what body_rate gives.
    std::chrono::milliseconds heartbeat{15'000};  ///< Between two signs of life of a stream.
    std::chrono::milliseconds trust{
        1'000};  ///< How long a stream that has something to tell believes its session.
    std::chrono::milliseconds drain{2'000};  ///< For what still comes of a refused request.
    std::size_t rate = 8192;                 ///< Octets a second that a client must manage.
};

/// Is the program fit for work, and what is not: the answer of /health.
struct Health {
    struct Check {
        std::string name;
        bool good = true;
        std::string detail{};
    };

    std::vector<Check> checks;
};

/// What the server works with; all that is referred to outlives it and the Runtime's run.
struct HttpContext {
    const Backend& backend;
    EventHub& events;
    HttpMetrics& metrics;
    const Clock& clock;
    std::function<Health()> health;             ///< On the work pool.
    std::function<std::string()> metrics_text;  ///< On the work pool.
    config::Console console{};
    std::vector<std::string> names{};  ///< Host names under which browsers may ask.
    std::span<const Asset> assets{};
    const net::TlsSlot* tls = nullptr;
    std::function<bool()>
        strict_transport{};  ///< Whether the certificate is one that browsers can trust; empty: no.
    RequestLimits limits{};
    HttpTimes times{};
};

class HttpConnection;

/// What the connections of one server share. Any thread.
class HttpShared {
  public:
    /// False if the server is stopping.
    [[nodiscard]] bool enter(HttpConnection& connection);
    void leave(HttpConnection& connection);
    void stop();
    [[nodiscard]] std::size_t count() const;

    gateway::ConnectionLimits places;
    std::atomic<std::uint64_t> body_octets = 0;
    std::atomic<unsigned> waiting = 0;  ///< That wait for the DNS.
    std::atomic<unsigned> logins = 0;   ///< That wait for their Argon2id.

  private:
    mutable std::mutex mutex_;
    bool stopping_ = false;
    std::unordered_set<HttpConnection*> connections_;
};

/// Serves the API and the console over HTTP/1.1 (RFC 9112): one coroutine a connection. Destroy it after the Runtime's run.
class HttpServer {
  public:
    explicit HttpServer(HttpContext context);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Accepts connections from now on, under TLS from the first octet if `tls`.
    void start(net::Runtime& runtime, net::Listener socket, bool tls);
    /// Accepts no more; connections without a request at hand and streams of events end. From any thread.
    void stop();
    /// How many connections there are.
    [[nodiscard]] std::size_t connections() const;
    /// Serves one connection: what start() does with each. On an io thread.
    [[nodiscard]] net::Task<void> serve(std::unique_ptr<net::Stream> stream, bool tls);

  private:
    HttpContext context_;
    std::shared_ptr<HttpShared> shared_;
    std::vector<std::unique_ptr<net::Listener>> sockets_;
};

}  // namespace bulla::api

#pragma once
#include "api/credentials.h"
#include "api/request_parser.h"
#include "api/response.h"
#include "api/route.h"
#include "api/server.h"
#include "api/target.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bulla::api {

/// One HTTP connection. `context` is the server's and outlives it. All on the io thread that made it, but notify_stop().
class HttpConnection {
  public:
    HttpConnection(const HttpContext& context,
                   std::unique_ptr<net::Stream> stream,
                   std::shared_ptr<HttpShared> shared,
                   bool tls);
    ~HttpConnection();
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;

    /// Serves the connection to its end, and watches for the stop meanwhile. `self` keeps the object for both.
    [[nodiscard]] static net::Task<void> run(std::shared_ptr<HttpConnection> self);

    /// From any thread.
    void notify_stop() { stop_.notify(); }

  private:
    /// An error: what the client is told, unless the connection itself broke.
    using Outcome = Result<void>;

    [[nodiscard]] static net::Task<void> watch_stop(std::shared_ptr<HttpConnection> self);
    [[nodiscard]] net::Task<Outcome> serve();
    [[nodiscard]] net::Task<Outcome> begin();
    [[nodiscard]] net::Task<Outcome> read_head();
    [[nodiscard]] net::Task<Outcome> read_some();
    [[nodiscard]] net::Task<Outcome> read_body(std::uint64_t most);
    [[nodiscard]] net::Task<Outcome> take_memory(std::uint64_t most);
    [[nodiscard]] net::Task<Result<Response>> handle();
    [[nodiscard]] net::Task<Result<Response>> handle_own(const Target& target);
    [[nodiscard]] net::Task<Result<Response>> handle_api(const Target& target);
    [[nodiscard]] net::Task<Result<Response>> run_api(const Route& route,
                                                      const Target& target,
                                                      nlohmann::json arguments);
    [[nodiscard]] net::Task<Result<Response>> on_pool(Exchange exchange);
    [[nodiscard]] std::unexpected<Error> refuse_busy(bool dear);
    [[nodiscard]] net::Task<Outcome> check_access(Exchange& exchange);
    [[nodiscard]] net::Task<Outcome> respond(const Response& response);
    [[nodiscard]] net::Task<Outcome> stream_events();
    [[nodiscard]] net::Task<bool> may_still_look_on(directory::AccountRole role);
    [[nodiscard]] net::Task<Outcome> write_event(std::string text);
    [[nodiscard]] net::Task<void> refuse(const Error& error);
    [[nodiscard]] net::Task<void> drain();
    [[nodiscard]] Response redirect() const;
    [[nodiscard]] Result<void> check_host() const;
    [[nodiscard]] bool is_local() const;
    [[nodiscard]] bool may_read_metrics() const;
    void count(const Response& response);
    void count(const Error& error);
    void release_memory();

    const HttpContext& context_;
    std::unique_ptr<net::Stream> stream_;
    std::shared_ptr<HttpShared> shared_;
    const bool tls_;
    RequestParser parser_;
    std::vector<char> buffer_;
    gateway::ConnectionPlace place_;
    std::optional<services::Credential>
        viewer_;  ///< Who looks on, once the stream of events is open.
    std::string viewer_secret_;
    bool viewer_is_token_ = false;
    std::uint64_t memory_ = 0;
    bool keep_alive_ = true;
    bool body_read_ = false;  ///< Nothing of the present request is left to be read.
    net::Event stop_;
    bool stopping_ = false;
    bool idle_ = true;  ///< Between two requests.
    bool ended_ = false;
};

}  // namespace bulla::api

#pragma once
#include "app/console.h"
#include "app/doors.h"
#include "base/clock.h"
#include "base/random.h"
#include "config/config.h"
#include "gateway/doors/smtp_door.h"
#include "gateway/exits/deliverer.h"
#include "gateway/flow.h"
#include "gateway/metrics.h"
#include "net/listener.h"
#include "net/resolver.h"
#include "net/runtime.h"
#include "net/tls.h"
#include "queue/queue.h"
#include "services/admin_server.h"
#include "services/instance.h"

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bulla::app {

/// The running program: an open instance, its doors, its deliveries. Made in the order of the members, destroyed in the opposite one.
class Daemon {
  public:
    /// Takes the instance's lock, binds the listeners, opens the instance (giving up root in between), makes all parts; nothing runs yet. Errors: those of
    /// net::Listener::bind, services::Instance::open, process.cannot_drop, load_own_certificate.
    [[nodiscard]] static Result<std::unique_ptr<Daemon>> open(const config::Config& config);
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    ~Daemon() = default;

    /// Serves until SIGTERM or SIGINT and has ended cleanly when it returns. SIGHUP reads bulla.toml and the database again.
    /// Error: admin.bind.
    [[nodiscard]] Result<void> run();

  private:
    explicit Daemon(const config::Config& config);
    void start_runtime();
    [[nodiscard]] Result<void> bind();
    [[nodiscard]] Result<void> open_instance();
    void make_parts();
    void make_doors();
    [[nodiscard]] nlohmann::json live() const;
    [[nodiscard]] nlohmann::json certificates() const;
    void on_signal(int signal);
    void reload();
    /// Reads bulla.toml again; what it says is told by the call `reload`. `changing` is held.
    [[nodiscard]] Result<nlohmann::json> reload_config(const services::Caller& caller);
    [[nodiscard]] Result<nlohmann::json> follow_config(const services::Caller& caller);
    [[nodiscard]] std::string follow_certificates(const config::Console& console);
    [[nodiscard]] Result<void> note_config(const services::Caller& caller);
    [[nodiscard]] net::Task<void> shut_down();
    [[nodiscard]] net::Task<void> tend_database();
    [[nodiscard]] net::Task<void> record_traffic();
    [[nodiscard]] net::Task<void> tend_dkim_keys();
    [[nodiscard]] net::Task<void> tend_token_keys();
    /// Tries the keys in tokens, and puts in force what came of it.
    [[nodiscard]] Result<void> try_token_keys();
    static void note_token_keys(const Result<void>& outcome);

    gateway::Metrics metrics_;  // First, for it begins a line of the cache.
    config::Config config_;
    SystemClock clock_;
    Time started_ = clock_.now();
    SystemRandom random_;
    net::TlsSlot tls_;
    std::unique_ptr<services::Instance> instance_;
    std::unique_ptr<queue::Queue> queue_;
    std::unique_ptr<gateway::FlowContext> flow_;
    std::unique_ptr<gateway::DoorLimits> door_limits_;
    std::unique_ptr<services::ServiceContext> services_;
    std::unique_ptr<net::Runtime> runtime_;
    std::unique_ptr<net::Resolver> resolver_;
    std::unique_ptr<gateway::Deliverer> deliverer_;
    std::vector<net::Listener> sockets_;
    std::unique_ptr<ConsoleSockets> console_sockets_;
    std::unique_ptr<Doors> doors_;
    std::unique_ptr<Console> console_;
    std::unique_ptr<services::AdminServer> admin_;
    bool stopping_ = false;
    std::string config_digest_;  ///< Of the bulla.toml in force; `changing` is held.
    mutable std::mutex waiting_mutex_;
    std::vector<std::string> not_opened_;  ///< Why listeners are not there, in sentences.
    std::string
        certificate_kept_;  ///< Why the console's certificate was not followed at the last reload.
    std::vector<std::string> waiting_;  ///< Changed settings that wait for a restart.
};

}  // namespace bulla::app

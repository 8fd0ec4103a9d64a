#include "app/daemon.h"

#include "app/own_certificate.h"
#include "app/process.h"
#include "base/log.h"
#include "config/config.h"
#include "gateway/delivery_events.h"

#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <utility>

namespace bulla::app {

namespace {

using namespace std::chrono_literals;

// How long an open transaction may go on after SIGTERM; service managers kill after 90 s.
constexpr auto transaction_grace = 10s;
constexpr auto poll_sessions = 10ms;
constexpr auto checkpoint_every = 5s;

}  // namespace

Daemon::Daemon(const config::Config& config) : config_(config) {}

Result<std::unique_ptr<Daemon>> Daemon::open(const config::Config& config) {
    std::unique_ptr<Daemon> daemon(new Daemon(config));
    daemon->start_runtime();
    // Low ports need root, everything after this does without.
    BULLA_TRY(sockets, daemon->bind());
    daemon->sockets_ = std::move(sockets);
    for (const auto& socket : daemon->sockets_) {
        daemon->bound_.push_back(socket.local().text());
    }
    BULLA_CHECK(daemon->open_instance());
    daemon->make_parts();
    return daemon;
}

void Daemon::start_runtime() {
    runtime_ = std::make_unique<net::Runtime>(net::RuntimeOptions{
        .io_threads = config_.io_threads, .work_threads = config_.work_threads});
    runtime_->on_signal({SIGTERM, SIGINT, SIGHUP}, [this](int signal) { on_signal(signal); });
}

Result<std::vector<net::Listener>> Daemon::bind() const {
    std::vector<net::Listener> sockets;
    for (const auto& listener : config_.listeners) {
        BULLA_TRY(endpoint, net::Endpoint::make(listener.address, listener.port));
        BULLA_TRY(socket, net::Listener::bind(endpoint));
        sockets.push_back(std::move(socket));
    }
    return sockets;
}

Result<void> Daemon::open_instance() {
    // The instance reads the passphrase, which may be root's alone, and then becomes the owner of the state directory.
    BULLA_TRY(instance,
              services::Instance::open(
                  config_, {.mode = services::OpenMode::owner, .prompt = true}, clock_, random_));
    instance_ = std::move(instance);
    BULLA_CHECK(drop_privileges(config_.user));
    if (geteuid() == 0) {
        log::warning("process.stays_root",
                     {{"advice", "bulla init --user NAME, or user = in bulla.toml"}});
    }
    BULLA_TRY(tls, load_own_certificate(*instance_));
    tls_.set(std::move(tls));
    for (const auto& problem : instance_->snapshots().current()->problems) {
        log::error("instance.problem", {{"text", problem}});
    }
    return {};
}

void Daemon::make_parts() {
    auto& snapshots = instance_->snapshots();
    queue_ = instance_->make_queue(
        [&snapshots](const std::string& name) -> unsigned {
            for (const auto& route : snapshots.current()->config.routes) {
                if (route.name == name) {
                    return route.concurrency;
                }
            }
            return 1;
        },
        [this](seal::Batch& batch, mail::Envelope envelope, std::string bytes) {
            return gateway::inject_notice(*flow_, batch, std::move(envelope), std::move(bytes));
        });
    // What came of a message's deliveries stands on its page.
    queue_->on_event([this](store::Tx& tx,
                            const queue::Delivery& delivery,
                            const queue::DeliveryReport& report,
                            Time now) {
        return gateway::record_delivery(tx, instance_->vault(), delivery, report, now);
    });
    flow_.emplace(gateway::FlowContext{.snapshots = snapshots,
                                       .vault = instance_->vault(),
                                       .sealer = instance_->sealer(),
                                       .queue = *queue_,
                                       .ids = instance_->ids(),
                                       .clock = clock_,
                                       .random = random_});
    door_limits_.emplace(config_.limits.memory_bytes, metrics_, clock_);
    services_ = instance_->make_context(queue_.get());
    services_->live = [this] { return live(); };
    if (auto resolver = net::Resolver::open()) {
        resolver_ = std::move(*resolver);
    } else {
        log::warning("dns.unavailable", {{"reason", resolver.error().text}});
    }
    deliverer_ =
        std::make_unique<gateway::Deliverer>(*runtime_, *queue_, snapshots, resolver_.get());
    for (const auto& listener : config_.listeners) {
        doors_.push_back(std::make_unique<gateway::SmtpDoor>(
            gateway::DoorContext{.snapshots = snapshots,
                                 .tls = tls_,
                                 .limits = *door_limits_,
                                 .metrics = metrics_,
                                 .submit = gateway::make_flow_submit(*runtime_, *flow_),
                                 .check_password = gateway::make_password_check()},
            listener));
    }
}

nlohmann::json Daemon::live() const {
    nlohmann::json counters = nlohmann::json::object();
    for (std::size_t i = 0; i < static_cast<std::size_t>(gateway::Metric::count); ++i) {
        const auto metric = static_cast<gateway::Metric>(i);
        counters[std::string(gateway::name_of(metric))] = metrics_.value(metric);
    }
    const auto status = queue_->status();
    nlohmann::json listeners = nlohmann::json::array();
    for (const auto& door : bound_) {
        listeners.push_back(door);
    }
    return {{"listeners", std::move(listeners)},
            {"metrics", std::move(counters)},
            {"queue",
             {{"in_memory", status.entries},
              {"active", status.active},
              {"unrecorded", status.unrecorded},
              {"blocked", status.blocked}}}};
}

Result<void> Daemon::run() {
    BULLA_TRY(admin,
              services::AdminServer::start(services::admin_socket_path(config_), *services_));
    admin_ = std::move(admin);
    deliverer_->start();
    for (std::size_t i = 0; i < doors_.size(); ++i) {
        log::info("door.open", {{"at", bound_[i]}});
        doors_[i]->start(*runtime_, std::move(sockets_[i]));
    }
    runtime_->spawn(tend_database(), "tend_database");
    notify_service_manager("READY=1");
    log::info("daemon.ready",
              {{"hostname", config_.hostname},
               {"revision", std::to_string(instance_->snapshots().current()->revision)}});
    hold_signals(false);
    runtime_->run_until_stopped();
    hold_signals(true);
    admin_.reset();
    doors_.clear();
    // What the work pool still handed to the sealer calls back into queue and runtime: wait for it while they are there.
    if (const auto drained = instance_->sealer().commit({}); !drained) {
        log::warning("daemon.not_drained", {{"reason", drained.error().text}});
    }
    queue_->stop();
    log::info("daemon.stopped");
    return {};
}

void Daemon::on_signal(int signal) {
    if (signal == SIGHUP) {
        runtime_->post_work([this] { reload(); });
    } else if (!stopping_) {
        stopping_ = true;
        runtime_->spawn(shut_down(), "shut_down");
    }
}

void Daemon::reload() {
    notify_service_manager("RELOADING=1");
    // One at a time, and not between a change's commit and its own reload.
    const std::scoped_lock one_at_a_time(services_->changing);
    auto config = config::load_config(config_.path);
    const auto outcome = config ? instance_->reload(*config) : std::unexpected(config.error());
    if (outcome) {
        log::info("daemon.reloaded",
                  {{"revision", std::to_string(instance_->snapshots().current()->revision)}});
    } else {
        // A broken file never replaces a working one: what was in force stays in force.
        log::error("daemon.not_reloaded", {{"reason", outcome.error().text}});
    }
    notify_service_manager("READY=1");
}

net::Task<void> Daemon::shut_down() {
    notify_service_manager("STOPPING=1");
    log::info("daemon.stopping");
    for (const auto& door : doors_) {
        door->stop();
    }
    const auto deadline = net::after(transaction_grace);
    const auto sessions = [this] {
        std::size_t count = 0;
        for (const auto& door : doors_) {
            count += door->sessions();
        }
        return count;
    };
    while (sessions() > 0 && std::chrono::steady_clock::now() < deadline) {
        co_await net::sleep(poll_sessions);
    }
    co_await deliverer_->stop();
    runtime_->stop();
}

net::Task<void> Daemon::tend_database() {
    while (true) {
        co_await net::sleep(checkpoint_every);
        const auto outcome =
            co_await net::on_work_pool([this] { return instance_->database().checkpoint(); });
        if (!outcome) {
            log::warning("store.checkpoint_failed", {{"reason", outcome.error().text}});
        }
    }
}

}  // namespace bulla::app

#include "app/daemon.h"

#include "app/logging.h"
#include "app/own_certificate.h"
#include "app/process.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/version.h"
#include "config/config.h"
#include "config/scheme.h"
#include "crypto/digest.h"
#include "directory/token_keys.h"
#include "gateway/delivery_events.h"
#include "net/client_name.h"
#include "services/change.h"
#include "services/job.h"
#include "services/json_time.h"
#include "services/traffic.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sys/statvfs.h>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace bulla::app {

namespace {

using namespace std::chrono_literals;

// How long an open transaction may go on after SIGTERM; service managers kill after 90 s.
constexpr auto transaction_grace = 10s;
constexpr auto poll_sessions = 10ms;
constexpr auto checkpoint_every = 5s;
// Often enough that the present minute of a chart is true.
constexpr auto traffic_every = 10s;
constexpr auto dkim_keys_every = 10min;
constexpr auto token_keys_every = 30s;
// Messages of attempts may take this part of [limits] memory, beside what those coming in take.
constexpr std::size_t attempts_part_of_memory = 3;

// Physical memory that the process has; 0 where /proc does not say.
std::uint64_t resident_octets() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

Result<std::string> digest_of(const std::string& path) {
    BULLA_TRY(bytes, load_secret_file(path, config::max_config_bytes, FileAccess::anybody));
    return hex_encode(crypto::view(crypto::sha256(bytes.view())));
}

nlohmann::json disk_of(const std::string& path) {
    struct statvfs disk{};
    if (::statvfs(path.c_str(), &disk) != 0) {
        return {{"free", 0}, {"total", 0}};
    }
    return {{"free", std::uint64_t{disk.f_bavail} * disk.f_frsize},
            {"total", std::uint64_t{disk.f_blocks} * disk.f_frsize}};
}

}  // namespace

Daemon::Daemon(const config::Config& config) : config_(config) {}

Result<std::unique_ptr<Daemon>> Daemon::open(const config::Config& config) {
    std::unique_ptr<Daemon> daemon(new Daemon(config));
    daemon->start_runtime();
    BULLA_CHECK(daemon->open_instance());
    daemon->make_parts();
    return daemon;
}

void Daemon::start_runtime() {
    runtime_ = std::make_unique<net::Runtime>(net::RuntimeOptions{
        .io_threads = config_.io_threads, .work_threads = config_.work_threads});
    runtime_->on_signal({SIGTERM, SIGINT, SIGHUP}, [this](int signal) { on_signal(signal); });
}

Result<void> Daemon::bind() {
    for (const auto& listener : config_.listeners) {
        BULLA_TRY(socket, Doors::bind(listener, config_.user));
        sockets_.push_back(std::move(socket));
    }
    BULLA_TRY(console, ConsoleSockets::bind(config_));
    console_sockets_ = std::make_unique<ConsoleSockets>(std::move(console));
    return {};
}

Result<void> Daemon::open_instance() {
    // Low ports need root, and so may the passphrase; then the instance becomes the owner of the state directory. No port is touched
    // before the lock is ours: a second daemon must not take connections from the first.
    const services::InstanceOptions options{.mode = services::OpenMode::owner,
                                            .prompt = true,
                                            .when_locked = [this] { return bind(); }};
    BULLA_TRY(instance, services::Instance::open(config_, options, clock_, random_));
    instance_ = std::move(instance);
    BULLA_CHECK(drop_privileges(config_.user));
    if (geteuid() == 0) {
        if (config_.user.empty()) {
            return fail("process.is_root",
                        Fault::us,
                        "the daemon would go on as root: name who it shall become, user = \"NAME\" "
                        "in bulla.toml, or say user = \"root\"");
        }
        log::warning("process.stays_root", {{"advice", "user = \"NAME\" in bulla.toml"}});
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
        console_->note_delivery(delivery);
        return gateway::record_delivery(tx, instance_->vault(), delivery, report, now);
    });
    flow_ =
        std::make_unique<gateway::FlowContext>(gateway::FlowContext{.snapshots = snapshots,
                                                                    .vault = instance_->vault(),
                                                                    .sealer = instance_->sealer(),
                                                                    .queue = *queue_,
                                                                    .ids = instance_->ids(),
                                                                    .clock = clock_,
                                                                    .random = random_,
                                                                    .metrics = metrics_});
    door_limits_ =
        std::make_unique<gateway::DoorLimits>(config_.limits.memory_bytes, metrics_, clock_);
    services_ = instance_->make_context(queue_.get());
    services_->live = [this] { return live(); };
    services_->reload_config = [this](const services::Caller& caller) {
        return reload_config(caller);
    };
    config_digest_ = digest_of(config_.path).value_or("");
    services_->jobs = std::make_shared<services::Jobs>(clock_);
    if (auto resolver = net::Resolver::open()) {
        resolver_ = std::move(*resolver);
        services_->ask = [this](const dns::DnsQuestion& question) {
            return resolver_->ask_blocking(question);
        };
    } else {
        log::warning("dns.unavailable", {{"reason", resolver.error().text}});
    }
    deliverer_ =
        std::make_unique<gateway::Deliverer>(*runtime_,
                                             *queue_,
                                             snapshots,
                                             resolver_.get(),
                                             config_.limits.memory_bytes / attempts_part_of_memory,
                                             metrics_);
    make_doors();
    console_ = std::make_unique<Console>(std::move(*console_sockets_),
                                         ConsoleContext{.instance = *instance_,
                                                        .services = *services_,
                                                        .queue = *queue_,
                                                        .metrics = metrics_,
                                                        .own_certificate = tls_,
                                                        .runtime = *runtime_});
    console_sockets_.reset();
}

void Daemon::make_doors() {
    gateway::DoorContext context{.snapshots = instance_->snapshots(),
                                 .tls = tls_,
                                 .limits = *door_limits_,
                                 .metrics = metrics_,
                                 .submit = gateway::make_flow_submit(*runtime_, *flow_),
                                 .check_password = gateway::make_password_check()};
    if (resolver_) {
        context.find_client_name = [this](Ip client) {
            return net::find_client_name(*resolver_, client);
        };
    }
    gateway::MilterContext milter_context{.snapshots = instance_->snapshots(),
                                          .limits = *door_limits_,
                                          .metrics = metrics_,
                                          .submit = gateway::make_milter_submit(*runtime_, *flow_)};
    doors_ = std::make_unique<Doors>(
        *runtime_, std::move(context), std::move(milter_context), config_.user);
}

nlohmann::json Daemon::certificates() const {
    nlohmann::json out = nlohmann::json::array();
    const auto own = tls_.current();
    if (own) {
        out.push_back({{"name", "instance"}, {"expires", services::json_time(own->expires())}});
    }
    if (const auto console = console_->certificate(); console && !console->own) {
        out.push_back({{"name", "console"}, {"expires", services::json_time(console->expires)}});
    }
    return out;
}

nlohmann::json Daemon::live() const {
    nlohmann::json counters = nlohmann::json::object();
    for (std::size_t i = 0; i < static_cast<std::size_t>(gateway::Metric::count); ++i) {
        const auto metric = static_cast<gateway::Metric>(i);
        counters[std::string(gateway::name_of(metric))] = metrics_.value(metric);
    }
    const auto status = queue_->status();
    nlohmann::json listeners = nlohmann::json::array();
    for (const auto& place : doors_->places()) {
        listeners.push_back(place);
    }
    const auto [waiting, not_opened, certificate_kept] = [this] {
        const std::scoped_lock lock(waiting_mutex_);
        return std::tuple(waiting_, not_opened_, certificate_kept_);
    }();
    return {{"version", cli::version},
            {"restart_for", waiting},
            {"not_opened", not_opened},
            {"certificate_kept", certificate_kept},
            {"certificates", certificates()},
            {"started", services::json_time(started_)},
            {"memory", resident_octets()},
            {"disk", disk_of(config_.volumes_path)},
            {"listeners", std::move(listeners)},
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
    services::begin_backfill(*services_);
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        doors_->open(config_.listeners[i], std::move(sockets_[i]));
    }
    sockets_.clear();
    console_->start();
    runtime_->spawn(tend_database(), "tend_database");
    runtime_->spawn(record_traffic(), "record_traffic");
    runtime_->spawn(tend_dkim_keys(), "tend_dkim_keys");
    runtime_->spawn(tend_token_keys(), "tend_token_keys");
    notify_service_manager("READY=1");
    log::info("daemon.ready",
              {{"hostname", config_.hostname},
               {"revision", std::to_string(instance_->snapshots().current()->revision)}});
    hold_signals(false);
    runtime_->run_until_stopped();
    hold_signals(true);
    admin_.reset();
    doors_.reset();
    services_->jobs.reset();
    // What the work pool still handed to the sealer calls back into queue and runtime: wait for it while they are there.
    if (const auto drained = instance_->sealer().commit({}); !drained) {
        log::warning("daemon.not_drained", {{"reason", drained.error().text}});
    }
    queue_->stop();
    console_.reset();
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
    // One at a time, and not between a change's commit and its own reload.
    const std::scoped_lock one_at_a_time(services_->changing);
    std::ignore = reload_config({.actor = "signal"});  // what failed is in the log
}

Result<nlohmann::json> Daemon::reload_config(const services::Caller& caller) {
    notify_service_manager("RELOADING=1");
    auto outcome = follow_config(caller);
    if (!outcome) {
        // A broken file never replaces a working one: what was in force stays in force.
        log::error("daemon.not_reloaded", {{"reason", outcome.error().text}});
    }
    notify_service_manager("READY=1");
    // Whoever reloads may just have put a token back; the reload does not wait for it.
    runtime_->post_waiting_work([this] { note_token_keys(try_token_keys()); });
    return outcome;
}

// A changed file is a change like any other: it raises the revision that messages name, and the log says who put it in force.
Result<void> Daemon::note_config(const services::Caller& caller) {
    BULLA_TRY(digest, digest_of(config_.path));
    if (digest == config_digest_) {
        return {};
    }
    auto committed = services::commit_change(*services_,
                                             caller,
                                             {.action = "config.reload",
                                              .target = config_.path.substr(0, 320),
                                              .detail = {{"sha256", digest}}});
    if (!committed) {
        auto error = std::move(committed).error();
        error.text = "bulla.toml is in force, but the log could not be told: " + error.text;
        return std::unexpected(std::move(error));
    }
    config_digest_ = std::move(digest);
    return {};
}

Result<nlohmann::json> Daemon::follow_config(const services::Caller& caller) {
    BULLA_TRY(read, config::load_config(config_.path));
    auto decided = config::decide_reload(config_, read);
    BULLA_CHECK(instance_->reload(decided.config));
    const auto noted = note_config(caller);
    const std::size_t memory = decided.config.limits.memory_bytes;
    door_limits_->memory.set_limit(memory);
    deliverer_->set_memory(memory / attempts_part_of_memory);
    const auto not_opened = doors_->follow(decided.config.listeners);
    set_log_level(decided.config.log_level);
    std::string certificate_kept = follow_certificates(decided.config.console);
    log::info("daemon.reloaded",
              {{"revision", std::to_string(instance_->snapshots().current()->revision)}});
    if (!decided.waiting.empty()) {
        log::warning("daemon.restart_needed",
                     {{"settings", fmt::format("{}", fmt::join(decided.waiting, ", "))}});
    }
    nlohmann::json out = {{"restart_for", decided.waiting},
                          {"not_opened", not_opened},
                          {"certificate_kept", certificate_kept}};
    {
        const std::scoped_lock lock(waiting_mutex_);
        waiting_ = std::move(decided.waiting);
        not_opened_ = not_opened;
        certificate_kept_ = std::move(certificate_kept);
    }
    BULLA_CHECK(noted);
    return out;
}

// What cannot be read anew stays as it is: "", or why.
std::string Daemon::follow_certificates(const config::Console& console) {
    auto own = load_own_certificate(*instance_);
    if (!own) {
        log::warning("tls.not_renewed", {{"reason", own.error().text}});
    } else if (const auto before = tls_.current();
               !before || before->expires() != (*own)->expires()) {
        // Only one that is new: with the other go the sessions that clients resume.
        tls_.set(std::move(*own));
    }
    const auto followed = console_->follow(console);
    if (followed) {
        return {};
    }
    log::warning("console.certificate_kept", {{"reason", followed.error().text}});
    return followed.error().text;
}

net::Task<void> Daemon::shut_down() {
    notify_service_manager("STOPPING=1");
    log::info("daemon.stopping");
    doors_->stop();
    console_->stop();
    const auto deadline = net::after(transaction_grace);
    while (doors_->sessions() + console_->connections() > 0 &&
           std::chrono::steady_clock::now() < deadline) {
        co_await net::sleep(poll_sessions);
    }
    co_await deliverer_->stop();
    runtime_->stop();
}

net::Task<void> Daemon::record_traffic() {
    services::TrafficRecorder recorder(metrics_, instance_->database(), clock_);
    std::int64_t told = 0;
    while (true) {
        co_await net::sleep(traffic_every);
        const auto outcome = co_await net::on_work_pool([&] { return recorder.record(); });
        if (!outcome) {
            log::warning("traffic.not_recorded", {{"reason", outcome.error().text}});
        }
        // A new minute moves every chart, whether or not something was counted in it.
        const std::int64_t minute = to_unix(clock_.now()) / 60;
        if (minute != told || outcome.value_or(false)) {
            console_->note_traffic();
            told = minute;
        }
    }
}

net::Task<void> Daemon::tend_dkim_keys() {
    while (true) {
        co_await net::sleep(dkim_keys_every);
        // It waits for the DNS: neither where mail is signed nor where people log in.
        const auto start = [this](std::function<void(Result<nlohmann::json>)> done) {
            runtime_->post_waiting_work([this, done = std::move(done)] {
                done(services::call_service(
                    *services_, {.actor = "daemon"}, "dkim.check", {{"due", true}}));
            });
        };
        const auto outcome = co_await net::async<Result<nlohmann::json>>(start);
        if (!outcome) {
            log::warning("dkim.keys_not_checked", {{"reason", outcome.error().text}});
        }
    }
}

Result<void> Daemon::try_token_keys() {
    const auto before = instance_->snapshots().current();
    if (!directory::try_token_keys(*before)) {
        return {};
    }
    const std::scoped_lock lock(services_->changing);
    BULLA_CHECK(instance_->reload());
    for (const auto& problem : instance_->snapshots().current()->problems) {
        if (std::ranges::find(before->problems, problem) == before->problems.end()) {
            log::error("instance.problem", {{"text", problem}});
        }
    }
    return {};
}

void Daemon::note_token_keys(const Result<void>& outcome) {
    if (!outcome) {
        log::warning("dkim.tokens_not_tried", {{"reason", outcome.error().text}});
    }
}

// First of all, after the privileges are gone: the library's code never runs as root, and neither a start nor a reload waits for a token.
net::Task<void> Daemon::tend_token_keys() {
    while (true) {
        const auto start = [this](std::function<void(Result<void>)> done) {
            runtime_->post_waiting_work([this, done = std::move(done)] { done(try_token_keys()); });
        };
        note_token_keys(co_await net::async<Result<void>>(start));
        co_await net::sleep(token_keys_every);
    }
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

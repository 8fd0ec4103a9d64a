#include "app/console.h"

#include "app/console_events.h"
#include "app/console_health.h"
#include "base/file.h"
#include "base/log.h"
#include "services/session.h"

#include <fmt/format.h>
#include <optional>
#include <utility>

namespace bulla::app {

namespace {

constexpr std::size_t max_pem = 1U << 20U;

struct Socket {
    net::Listener listener;
    bool tls;
};

Result<std::optional<Socket>> bind_at(const std::string& address, std::uint16_t port, bool tls) {
    if (port == 0) {
        return std::optional<Socket>{};
    }
    BULLA_TRY(endpoint, net::Endpoint::make(address, port));
    BULLA_TRY(listener, net::Listener::bind(endpoint));
    return std::optional<Socket>(Socket{std::move(listener), tls});
}

Result<std::shared_ptr<const net::TlsContext>> load_certificate(const config::Console& console) {
    if (console.certificate_file.empty()) {
        return nullptr;
    }
    auto certificate = load_secret_file(console.certificate_file, max_pem, FileAccess::anybody);
    auto key = load_secret_file(console.key_file, max_pem, FileAccess::owner_only);
    if (!certificate || !key) {
        return fail("console.certificate",
                    Fault::us,
                    "[console]: " + (certificate ? key : certificate).error().text);
    }
    return net::TlsContext::make_server(certificate->view(), key->view());
}

api::Backend make_backend(services::ServiceContext& services) {
    api::Backend backend;
    backend.authenticate = [&services](const std::string& secret, bool is_token) {
        return is_token ? services::find_token(services, secret)
                        : services::find_session(services, secret);
    };
    backend.check = [&services](const services::Principal& who,
                                std::string_view call,
                                const nlohmann::json& arguments) {
        return services::check_access(*services.snapshots.current(), who, call, arguments);
    };
    backend.call = [&services](const services::Principal& who,
                               std::string_view call,
                               const nlohmann::json& arguments) {
        return services::call_as(services, who, call, arguments);
    };
    backend.call_open = [&services](std::string_view call, const nlohmann::json& arguments) {
        return services::call_service(services, {.actor = "console"}, call, arguments);
    };
    return backend;
}

}  // namespace

struct Console::Parts {
    config::Console settings;
    std::vector<Socket> sockets;
    net::TlsSlot certificate;
    bool has_certificate = false;
    api::HttpMetrics metrics;
    api::EventHub hub{[this] { metrics.add(api::HttpMetric::lost_events); }};
    api::Backend backend;
    std::optional<ConsoleHealth> health;
    std::optional<ConsoleEvents> events;
    std::unique_ptr<api::HttpServer> server;
};

Console::Console() : parts_(std::make_unique<Parts>()) {}

Console::~Console() = default;

Result<std::unique_ptr<Console>> Console::bind(const config::Config& config) {
    std::unique_ptr<Console> console(new Console);
    Parts& parts = *console->parts_;
    parts.settings = config.console;
    BULLA_TRY(certificate, load_certificate(config.console));
    parts.has_certificate = certificate != nullptr;
    parts.certificate.set(certificate);
    const std::pair<std::uint16_t, bool> ports[] = {{config.console.port, false},
                                                    {config.console.tls_port, true}};
    for (const auto& [port, tls] : ports) {
        BULLA_TRY(socket, bind_at(config.console.address, port, tls));
        if (socket) {
            parts.sockets.push_back(std::move(*socket));
        }
    }
    return console;
}

void Console::start(const ConsoleContext& context) {
    Parts& parts = *parts_;
    const config::Config& config = context.instance.config();
    parts.backend = make_backend(context.services);
    parts.health.emplace(context, parts.metrics);
    parts.events.emplace(context, parts.hub);
    std::vector<std::string> names{config.hostname};
    names.insert(names.end(), parts.settings.names.begin(), parts.settings.names.end());
    parts.server = std::make_unique<api::HttpServer>(api::HttpContext{
        .backend = parts.backend,
        .events = parts.hub,
        .metrics = parts.metrics,
        .clock = context.instance.clock(),
        .health = [&parts] { return parts.health->check(); },
        .metrics_text = [&parts] { return parts.health->metrics_text(); },
        .console = parts.settings,
        .names = std::move(names),
        .assets = api::list_assets(),
        .tls = parts.has_certificate ? &parts.certificate : &context.own_certificate,
        .strict_transport = parts.has_certificate,
        .times = {.header = std::chrono::seconds(parts.settings.header_seconds),
                  .idle = std::chrono::seconds(parts.settings.idle_seconds)}});
    for (Socket& socket : parts.sockets) {
        log::info("console.open",
                  {{"at", socket.listener.local().text()}, {"tls", socket.tls ? "yes" : "no"}});
        parts.server->start(context.runtime, std::move(socket.listener), socket.tls);
    }
    parts.sockets.clear();
    context.runtime.spawn(parts.events->run(), "console_events");
}

void Console::stop() {
    if (parts_->server) {
        parts_->server->stop();
    }
}

std::size_t Console::connections() const {
    return parts_->server ? parts_->server->connections() : 0;
}

void Console::note_delivery(const queue::Delivery& delivery) {
    if (auto& events = parts_->events; events) {
        events->note_delivery(delivery.id);
    }
}

}  // namespace bulla::app

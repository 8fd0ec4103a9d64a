#include "app/console.h"

#include "app/console_events.h"
#include "app/console_health.h"
#include "base/file.h"
#include "base/log.h"
#include "services/session.h"

#include <atomic>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace bulla::app {

namespace {

constexpr std::size_t max_pem = 1U << 20U;

using Socket = ConsoleSockets::Socket;

Result<std::optional<Socket>> bind_at(const std::string& address, std::uint16_t port, bool tls) {
    if (port == 0) {
        return std::optional<Socket>{};
    }
    BULLA_TRY(endpoint, net::Endpoint::make(address, port));
    BULLA_TRY(listener, net::Listener::bind(endpoint));
    return std::optional<Socket>(Socket{std::move(listener), tls});
}

std::unexpected<Error> bad_certificate(const std::string& why) {
    return fail("console.certificate", Fault::us, "[console]: " + why);
}

struct LoadedCertificate {
    std::shared_ptr<const net::TlsContext> context;
    std::string pem;
};

/// None where no file is named. `known`: the certificate in force; while the file still has that, its key is not needed, which may be root's
/// alone.
Result<LoadedCertificate> load_certificate(const config::Console& console,
                                           const LoadedCertificate& known = {}) {
    if (console.certificate_file.empty()) {
        return LoadedCertificate{};
    }
    const auto certificate =
        load_secret_file(console.certificate_file, max_pem, FileAccess::anybody);
    if (!certificate) {
        return bad_certificate(certificate.error().text);
    }
    if (known.context && certificate->view() == known.pem) {
        return known;
    }
    const auto key = load_secret_file(console.key_file, max_pem, FileAccess::owner_only);
    if (!key) {
        return bad_certificate(key.error().text);
    }
    auto made = net::TlsContext::make_server(certificate->view(), key->view());
    if (!made) {
        return bad_certificate(fmt::format(
            "{} with {}: {}", console.certificate_file, console.key_file, made.error().text));
    }
    return LoadedCertificate{.context = std::move(*made), .pem = std::string(certificate->view())};
}

api::Backend make_backend(services::ServiceContext& services) {
    api::Backend backend;
    backend.authenticate =
        [&services](const std::string& secret, bool is_token, services::Activity activity) {
            return is_token ? services::find_token(services, secret, activity)
                            : services::find_session(services, secret, activity);
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

Result<ConsoleSockets> ConsoleSockets::bind(const config::Config& config) {
    ConsoleSockets out;
    out.settings = config.console;
    BULLA_TRY(certificate, load_certificate(config.console));
    out.certificate = std::move(certificate.context);
    out.certificate_pem = std::move(certificate.pem);
    const std::pair<std::uint16_t, bool> ports[] = {{config.console.port, false},
                                                    {config.console.tls_port, true}};
    for (const auto& [port, tls] : ports) {
        BULLA_TRY(socket, bind_at(config.console.address, port, tls));
        if (socket) {
            out.sockets.push_back(std::move(*socket));
        }
    }
    return out;
}

/// Made in the order of the members: whatever tells of something finds the hub there.
struct Console::Parts {
    Parts(ConsoleSockets made, const ConsoleContext& given)
        : context(given), sockets(std::move(made)) {
        use({.context = std::move(sockets.certificate), .pem = std::move(sockets.certificate_pem)});
    }

    void use(LoadedCertificate next) {
        own = next.context == nullptr;
        certificate.set(own ? context.own_certificate.current() : next.context);
        loaded = std::move(next);
    }

    ConsoleContext context;
    ConsoleSockets sockets;
    net::TlsSlot certificate{};
    std::atomic<bool> own = true;  ///< The instance's own certificate is the one in force.
    LoadedCertificate loaded{};
    api::HttpMetrics metrics{};
    api::EventHub hub{[this] { metrics.add(api::HttpMetric::lost_events); }};
    api::Backend backend{make_backend(context.services)};
    ConsoleHealth health{context, metrics};
    ConsoleEvents events{context, hub};
    std::unique_ptr<api::HttpServer> server{};
};

Console::Console(ConsoleSockets sockets, const ConsoleContext& context)
    : parts_(std::make_unique<Parts>(std::move(sockets), context)) {}

Console::~Console() = default;

void Console::start() {
    Parts& parts = *parts_;
    const config::Config& config = parts.context.instance.config();
    const config::Console& settings = parts.sockets.settings;
    std::vector<std::string> names{config.hostname};
    names.insert(names.end(), settings.names.begin(), settings.names.end());
    parts.server = std::make_unique<api::HttpServer>(
        api::HttpContext{.backend = parts.backend,
                         .events = parts.hub,
                         .metrics = parts.metrics,
                         .clock = parts.context.instance.clock(),
                         .health = [&parts] { return parts.health.check(); },
                         .metrics_text = [&parts] { return parts.health.metrics_text(); },
                         .console = settings,
                         .names = std::move(names),
                         .assets = api::list_assets(),
                         .tls = &parts.certificate,
                         .strict_transport = [&parts] { return !parts.own; },
                         .times = {.header = std::chrono::seconds(settings.header_seconds),
                                   .idle = std::chrono::seconds(settings.idle_seconds)}});
    for (Socket& socket : parts.sockets.sockets) {
        log::info("console.open",
                  {{"at", socket.listener.local().text()}, {"tls", socket.tls ? "yes" : "no"}});
        parts.server->start(parts.context.runtime, std::move(socket.listener), socket.tls);
    }
    parts.sockets.sockets.clear();
    parts.context.runtime.spawn(parts.events.run(), "console_events");
}

Result<void> Console::follow(const config::Console& settings) {
    auto read = load_certificate(settings, parts_->loaded);
    if (!read) {
        return fail(read.error().code,
                    read.error().fault,
                    read.error().text + "; the certificate of before stays in force");
    }
    parts_->use(std::move(*read));
    return {};
}

std::optional<Console::Certificate> Console::certificate() const {
    const auto current = parts_->certificate.current();
    if (parts_->sockets.settings.tls_port == 0 || !current) {
        return std::nullopt;
    }
    return Certificate{.expires = current->expires(), .own = parts_->own};
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
    parts_->events.note_delivery(delivery.id);
}

void Console::note_traffic() {
    parts_->events.note_traffic();
}

}  // namespace bulla::app

#include "cli/init_options.h"

#include "base/file.h"
#include "config/values.h"

#include <algorithm>
#include <array>
#include <filesystem>

namespace bulla::cli {
namespace {

constexpr std::array role_words{"submission", "relay", "inbound", "filter"};
constexpr std::array tls_words{"none", "starttls", "implicit"};

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

Result<HostPort> parse_host_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const auto port = config::parse_whole(colon == std::string_view::npos ? std::string_view()
                                                                          : text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    if (host.empty() || !port || *port < 1 || *port > 65535) {
        return fail(
            "init.bad_host", Fault::sender, "\"" + std::string(text) + "\" is not HOST:PORT");
    }
    return HostPort{std::string(host), static_cast<std::uint16_t>(*port)};
}

Result<config::Route> make_smtp_route(const std::string& name,
                                      const std::string& match,
                                      const std::string& target) {
    BULLA_TRY(next, parse_host_port(target));
    config::Route route;
    route.name = name;
    route.match = {match};
    route.host = next.host;
    route.port = next.port;
    return route;
}

Result<void> add_routes(const InitArguments& arguments, services::InitOptions& options) {
    if (!arguments.next_hop.empty()) {
        BULLA_TRY(route, make_smtp_route("local", "local", arguments.next_hop));
        options.routes.push_back(route);
    } else if (!arguments.maildir.empty() || !arguments.smarthost.empty()) {
        config::Route route;
        route.name = "local";
        route.match = {"local"};
        route.exit = config::RouteExit::maildir;
        route.path = arguments.maildir.empty()
                         ? std::filesystem::path(options.data_directory) / "mail/{domain}/{local}"
                         : std::filesystem::path(arguments.maildir);
        options.routes.push_back(route);
    }
    if (!arguments.smarthost.empty()) {
        BULLA_TRY(route, make_smtp_route("smarthost", "*", arguments.smarthost));
        options.routes.push_back(route);
    }
    return {};
}

}  // namespace

Result<config::Listener> parse_listener(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::size_t comma =
        std::min(text.find(',', equals == std::string::npos ? 0 : equals), text.size());
    const auto* const role = std::ranges::find(role_words, text.substr(0, equals));
    const std::string tls_text = comma == text.size() ? "starttls" : text.substr(comma + 1);
    const auto* const tls = std::ranges::find(tls_words, tls_text);
    const auto end = equals == std::string::npos
                         ? Result<HostPort>(fail("init.bad_host", Fault::sender, ""))
                         : parse_host_port(text.substr(equals + 1, comma - equals - 1));
    if (role == role_words.end() || tls == tls_words.end() || !end) {
        return fail("init.bad_listener",
                    Fault::sender,
                    "\"" + text +
                        "\" is not ROLE=ADDRESS:PORT[,TLS] with a role of submission, relay, "
                        "inbound, filter and TLS of none, starttls, implicit");
    }
    config::Listener listener;
    listener.address = end->host;
    listener.port = end->port;
    listener.role = static_cast<config::ListenerRole>(role - role_words.begin());
    listener.tls = static_cast<config::ListenerTls>(tls - tls_words.begin());
    return listener;
}

Result<services::InitOptions> read_init_arguments(const InitArguments& arguments) {
    BULLA_TRY(domain, DomainName::parse(arguments.domain));
    BULLA_TRY(admin, Mailbox::parse(arguments.admin));
    services::InitOptions options{.directory = arguments.directory,
                                  .domain = domain,
                                  .admin = admin,
                                  .hostname = arguments.hostname,
                                  .user = arguments.user};
    if (!arguments.data.empty()) {
        options.data_directory = std::filesystem::absolute(arguments.data).lexically_normal();
    }
    for (const std::string& text : arguments.listeners) {
        BULLA_TRY(listener, parse_listener(text));
        options.listeners.push_back(listener);
    }
    BULLA_CHECK(add_routes(arguments, options));
    if (!arguments.passphrase_file.empty()) {
        BULLA_TRY(bytes, load_secret_file(arguments.passphrase_file, 1026, FileAccess::owner_only));
        std::string_view text = bytes.view();
        text = text.substr(0, text.find_first_of("\r\n"));
        if (text.empty()) {
            return fail("secret.empty", Fault::sender, arguments.passphrase_file + ": is empty");
        }
        options.passphrase = SecretBytes(std::string(text));
    }
    return options;
}

}  // namespace bulla::cli

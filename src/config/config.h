#pragma once
#include "base/error.h"
#include "names/domain.h"
#include "names/ip.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::config {

enum class ListenerRole { submission, relay, inbound, filter, milter };

enum class ListenerTls { none, starttls, implicit };

/// A place where mail comes in: [[listener]].
struct Listener {
    std::string address = "127.0.0.1";
    std::uint16_t port = 25;
    ListenerRole role = ListenerRole::inbound;
    ListenerTls tls = ListenerTls::starttls;
    bool proxy_protocol = false;
    std::vector<Cidr> proxy_hosts;  ///< From whom PROXY is taken; needed with proxy_protocol.
    std::vector<Cidr>
        xforward_hosts;  ///< From whom XFORWARD and XCLIENT are taken; all that may connect to a milter.
    std::string socket_group;  ///< Group of a unix socket; empty: that of the daemon's user.
    std::vector<std::string>
        trusted_daemons;  ///< milter: {daemon_name}s whose mail our side sends.
    bool unknown_logins_trusted =
        false;               ///< milter: log-ins that no account has send for our side.
    bool take_over = false;  ///< milter: bulla delivers everything itself.

    [[nodiscard]] bool is_unix() const { return address.starts_with("unix:"); }

    /// As people and reports name it: "192.0.2.1:25", "unix:/run/bulla/milter".
    [[nodiscard]] std::string place() const {
        return is_unix() ? address : address + ":" + std::to_string(port);
    }
};

enum class RouteExit { smtp, maildir };

enum class RouteTls { none, opportunistic, required };

/// Where mail goes: [[route]]; the first that matches a recipient's domain takes it.
struct Route {
    std::string name;
    std::vector<std::string>
        match;  ///< Domains, "*.example.com", "*", or "local" (the instance's own domains).
    RouteExit exit = RouteExit::smtp;
    std::string host;  ///< smtp: next hop
    std::uint16_t port = 25;
    RouteTls tls = RouteTls::opportunistic;
    std::string user;  ///< smtp: AUTH PLAIN, only under TLS
    std::string password_file;
    std::string path;           ///< maildir: pattern with {domain} and {local}
    unsigned concurrency = 20;  ///< deliveries at once
    bool trusted = false;       ///< clear text may go there
};

/// Limits (DESIGN 5); each has its reply, its metric and a test at the limit and one past it.
struct Limits {
    std::uint64_t message_bytes = 50U << 20U;
    std::uint32_t recipients = 1000;
    std::uint32_t connections = 1000;
    std::uint32_t connections_per_client = 100;
    std::uint64_t header_bytes = 1U << 20U;
    std::uint32_t header_fields = 1000;
    std::uint32_t line_octets = 10000;
    std::uint32_t command_octets = 2048;
    std::uint32_t received_fields = 50;
    std::uint32_t session_errors = 20;
    std::uint32_t session_messages = 1000;
    std::uint32_t session_refusals = 200;
    std::uint32_t session_idle_commands = 100;
    std::uint32_t auth_attempts = 3;
    std::uint32_t auth_octets = 12288;
    std::uint32_t skipped_octets = 65536;
    std::uint64_t dropped_bytes = 128U << 20U;
    std::uint32_t command_seconds = 300;
    std::uint32_t data_seconds = 600;
    std::uint32_t session_seconds = 3600;
    std::uint64_t memory_bytes = 384U << 20U;
};

struct Retry {
    std::uint32_t first_seconds = 60;
    std::uint32_t longest_seconds = 3600;
    std::uint32_t expire_seconds = 5 * 86400;
    std::uint32_t warn_seconds = 4 * 3600;
    std::uint32_t connect_seconds = 30;
    std::uint32_t reply_seconds = 300;
};

/// Where the console and the API are served: [console].
struct Console {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8090;     ///< Plain HTTP; 0: not served.
    std::uint16_t tls_port = 0;    ///< HTTPS; 0: not served.
    std::string certificate_file;  ///< Empty: the certificate that the instance signs itself.
    std::string key_file;
    std::vector<std::string> names;  ///< Host names beside hostname and localhost.
    std::vector<Cidr> metrics_hosts;
    std::uint32_t connections = 1000;
    std::uint32_t connections_per_client = 256;
    std::uint32_t header_seconds = 10;
    std::uint32_t idle_seconds = 60;
    std::uint64_t upload_bytes = 64U << 20U;
    std::uint64_t memory_bytes = 256U << 20U;  ///< For bodies under way, in all.
};

/// Keys in tokens: [pkcs11].
struct Pkcs11 {
    std::vector<std::string> modules;  ///< Libraries that a key's URI may name, absolute.
};

/// bulla.toml: what must be known before the database is open, and the routes.
struct Config {
    std::string
        path;  ///< The file itself; relative paths in it are taken from its directory and stored absolute.
    std::string hostname;  ///< In greetings, Received and EHLO.
    std::string node_name = "node1";
    unsigned node = 1;
    std::string state_path;
    std::string database_url;  ///< "sqlite:" and an absolute path
    std::string volume_name = "main";
    std::string volumes_path;
    std::string
        passphrase_file;  ///< Empty: a systemd credential named bulla-passphrase, else a prompt.
    std::string user;     ///< Whom to become after binding; empty: stay.
    std::string log_level = "info";
    unsigned io_threads = 0;  ///< 0: one a core
    unsigned work_threads = 0;
    std::vector<Listener> listeners;
    std::vector<Route> routes;
    Limits limits;
    Retry retry;
    Console console;
    Pkcs11 pkcs11;
};

/// Reads bulla.toml. Errors (config.bad) name file, line and column; unknown keys are errors; values out of range too.
[[nodiscard]] Result<Config> parse_config(std::string_view text, const std::string& path);
[[nodiscard]] Result<Config> load_config(const std::string& path);

/// The commented file that `bulla init` writes: every setting with its unit and default.
struct InitialConfig {
    std::string hostname;
    std::string domain;
    std::vector<Listener>
        listeners;              ///< Empty: inbound on 25, submission on 587 and 465, every address.
    std::vector<Route> routes;  ///< Empty: the instance's own domains to a Maildir.
    std::string data_path = {};  ///< Where state, volumes and mail lie; empty: beside the file.
};

[[nodiscard]] std::string write_initial_config(const InitialConfig& initial);

}  // namespace bulla::config

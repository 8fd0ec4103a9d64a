#include "config/key.h"

#include <array>

// One row a setting of bulla.toml.

namespace bulla::config {
namespace {

constexpr std::int64_t kib = 1LL << 10;
constexpr std::int64_t mib = 1LL << 20;
constexpr std::int64_t gib = 1LL << 30;
constexpr std::int64_t day = 86400;

constexpr std::array instance{
    at_start(text<&Config::hostname>(
        "hostname",
        "domain name",
        "The name of this machine in greetings, EHLO and Received. Must be given.")),
    at_start(number<&Config::node>(
        "node",
        {1, 1023},
        "The number of this node; unlike that of every other node of the instance.")),
    text<&Config::node_name>(
        "node_name", "text", "The name of this node in the log's origin and in status reports."),
    at_start(path<&Config::state_path>(
        "state",
        "Directory of the lock, the administration socket, the last checkpoint and public keys.")),
    at_start(text<&Config::user>(
        "user",
        "text",
        "The user to become after the ports are bound; empty: stay who started it, "
        "but not root, which "
        "must be named.")),
    choice<&Config::log_level>("log_level",
                               "debug | info | warning | error",
                               "The least important lines that the log keeps."),
    at_start(number<&Config::io_threads>(
        "io_threads", {0, 256}, "Threads that serve connections; 0: one a core.")),
    at_start(number<&Config::work_threads>(
        "work_threads", {0, 256}, "Threads that sign, compress and seal; 0: one a core.")),
};

constexpr std::array database{
    at_start(text<&Config::database_url>("url", "URL", "Where the database is: sqlite:FILE.")),
};

constexpr std::array volume{
    at_start(text<&Config::volume_name>(
        "name", "text", "The volume that new packs go to: letters, digits, - and _.")),
    at_start(path<&Config::volumes_path>("path", "Directory that holds one directory a volume.")),
    at_start(path<&Config::passphrase_file>(
        "passphrase_file",
        "File with the volume passphrase (0600), unless systemd gives the "
        "credential bulla-passphrase; neither: a prompt.")),
};

constexpr std::array listener{
    text<&Listener::address>("address",
                             "IP address, * or unix:PATH",
                             "Where to listen; * is every address of IPv4 and IPv6; a socket in "
                             "the file system for milter alone."),
    number<&Listener::port>("port", {1, 65535}, "The TCP port."),
    choice<&Listener::role>("role",
                            "submission | relay | inbound | filter | milter",
                            "submission: users log in; relay: log-in or trusted network; inbound: "
                            "mail for our domains; filter: behind another server; milter: the "
                            "milter of Postfix or Sendmail."),
    choice<&Listener::tls>("tls",
                           "none | starttls | implicit",
                           "none: never; starttls: offered; implicit: from the first octet."),
    flag<&Listener::proxy_protocol>("proxy_protocol",
                                    "Expect the PROXY protocol (1 or 2) from proxy_hosts."),
    networks<&Listener::proxy_hosts>("proxy_hosts",
                                     "Who may send PROXY; needed with proxy_protocol."),
    networks<&Listener::xforward_hosts>("xforward_hosts",
                                        "Who may send XFORWARD and XCLIENT; roles filter and "
                                        "milter: who may hand mail over (filter, if "
                                        "empty: this machine)."),
    text<&Listener::socket_group>(
        "socket_group",
        "text",
        "Group that may connect to a unix socket, besides the daemon's user; empty: that user's."),
    texts<&Listener::trusted_daemons>(
        "trusted_daemons",
        "list of names",
        "milter: the mail server's own listeners ({daemon_name}) whose mail is sent by our side."),
    flag<&Listener::unknown_logins_trusted>(
        "trust_unknown_logins",
        "milter: a log-in at the mail server that no account here has sends for our side, as any "
        "sender; without it such mail is refused."),
    flag<&Listener::take_over>(
        "take_over",
        "milter: bulla delivers all mail by its own routes; without it the mail server goes on "
        "with what bulla changed, but for messages of several copies."),
};

constexpr std::array route{
    text<&Route::name>(
        "name", "text", "The route's name in reports; letters, digits, - and _. Must be given."),
    texts<&Route::match>(
        "match",
        "list of patterns",
        "Recipient domains: names, *.example.com, * for all, local for the instance's own."),
    choice<&Route::exit>("exit", "smtp | maildir", "How mail leaves."),
    text<&Route::host>("host", "host or IP address", "smtp: the next hop."),
    number<&Route::port>("port", {1, 65535}, "smtp: its port."),
    choice<&Route::tls>("tls",
                        "none | opportunistic | required",
                        "smtp: required also checks the certificate against host."),
    text<&Route::user>(
        "user", "text", "smtp: log in as; needs tls = \"required\" and password_file."),
    path<&Route::password_file>("password_file", "smtp: file with the password (0600)."),
    path<&Route::path>("path",
                       "maildir: directory of a mailbox; {domain} and {local} are replaced."),
    number<&Route::concurrency>("concurrency", {1, 1000}, "Deliveries at once."),
    flag<&Route::trusted>("trusted", "Mail that had to be protected may go there in clear."),
};

constexpr std::array limits{
    size<&Limits::message_bytes>(
        "message_size", {64 * kib, gib}, "The largest message; EHLO says it."),
    number<&Limits::recipients>("recipients", {100, 100000}, "Recipients of one message."),
    number<&Limits::connections>("connections", {1, 100000}, "Connections at once."),
    number<&Limits::connections_per_client>(
        "connections_per_client",
        {1, 100000},
        "Connections at once from one address (IPv6: one /64)."),
    size<&Limits::header_bytes>(
        "header_size", {16 * kib, 64 * mib}, "Octets of a message's header."),
    number<&Limits::header_fields>("header_fields", {50, 100000}, "Fields of a message's header."),
    number<&Limits::line_octets>(
        "line_octets", {1000, 1000000}, "Octets of a line of a message, CRLF included."),
    number<&Limits::command_octets>(
        "command_octets", {512, 65536}, "Octets of an SMTP command, CRLF included."),
    number<&Limits::received_fields>(
        "received_fields", {10, 1000}, "Received fields before a message counts as looping."),
    number<&Limits::session_errors>(
        "session_errors", {1, 1000}, "Refused commands before a connection is closed."),
    number<&Limits::session_messages>(
        "session_messages", {1, 1000000}, "Messages over one connection."),
    number<&Limits::session_refusals>(
        "session_refusals",
        {1, 1000000},
        "Refused senders and recipients before a connection is closed."),
    number<&Limits::session_idle_commands>(
        "session_idle_commands",
        {10, 1000000},
        "NOOP, RSET, VRFY, HELP, EHLO and their like between two messages before a connection is "
        "closed."),
    number<&Limits::auth_attempts>(
        "auth_attempts", {1, 100}, "Failed log-ins before a connection is closed."),
    number<&Limits::auth_octets>(
        "auth_octets", {2048, 1000000}, "Octets of a line of a log-in exchange, CRLF included."),
    number<&Limits::skipped_octets>(
        "skipped_octets",
        {0, 16 * mib},
        "Octets of a command line that is too long, read before the connection is closed."),
    size<&Limits::dropped_bytes>(
        "dropped_size",
        {0, 1024 * gib},
        "Octets of a refused message read beyond its limit before the connection is closed."),
    time<&Limits::command_seconds>("command_time", {1, day}, "Waiting for a command."),
    time<&Limits::data_seconds>("data_time", {1, day}, "Waiting for a message to end."),
    time<&Limits::session_seconds>("session_time", {1, day}, "A whole connection."),
    size<&Limits::memory_bytes>(
        "memory",
        {16 * mib, 1024 * gib},
        "Memory for messages on their way in, in all; a third of it besides is for messages on "
        "their way out, which wait for their turn."),
};

constexpr std::array retry{
    at_start(time<&Retry::first_seconds>(
        "first", {1, day}, "Before the first retry of a delivery; doubles each time.")),
    at_start(time<&Retry::longest_seconds>(
        "longest", {1, 7 * day}, "The longest wait between two tries.")),
    at_start(time<&Retry::expire_seconds>(
        "expire", {60, 30 * day}, "When a message that could not be delivered goes back.")),
    at_start(time<&Retry::warn_seconds>(
        "warn", {0, 30 * day}, "When the sender is told that it takes long; 0: never.")),
    time<&Retry::connect_seconds>(
        "connect", {1, 3600}, "Waiting for a connection to the next hop."),
    time<&Retry::reply_seconds>("reply", {1, 3600}, "Waiting for a reply of the next hop."),
};

constexpr std::array console{
    at_start(text<&Console::address>(
        "address",
        "IP address or *",
        "Where the console and the API are served; elsewhere than on loopback "
        "plain HTTP only leads to HTTPS.")),
    at_start(number<&Console::port>("port", {0, 65535}, "The TCP port of plain HTTP; 0: none.")),
    at_start(number<&Console::tls_port>("tls_port", {0, 65535}, "The TCP port of HTTPS; 0: none.")),
    path<&Console::certificate_file>(
        "certificate_file",
        "PEM file with the certificate of HTTPS and its chain; empty: "
        "one that the instance signs itself. Read anew at a reload, as its key is."),
    path<&Console::key_file>("key_file",
                             "PEM file with its private key (0600), of the daemon's user if a "
                             "renewed one is to be read without a restart."),
    at_start(texts<&Console::names>(
        "names",
        "list of host names",
        "Names under which browsers may ask, beside hostname, localhost and IP "
        "addresses.")),
    at_start(networks<&Console::metrics_hosts>(
        "metrics_hosts", "Who may read /metrics without a token, beside this machine.")),
    at_start(number<&Console::connections>("connections", {1, 100000}, "Connections at once.")),
    at_start(number<&Console::connections_per_client>(
        "connections_per_client",
        {1, 100000},
        "Connections at once from one address (IPv6: one /64).")),
    at_start(time<&Console::header_seconds>(
        "header_time", {1, 3600}, "Waiting for the head of a request.")),
    at_start(time<&Console::idle_seconds>("idle_time", {1, day}, "Waiting for the next request.")),
    at_start(size<&Console::upload_bytes>(
        "upload_size", {64 * kib, gib}, "The largest message or file that is sent up.")),
    at_start(size<&Console::memory_bytes>(
        "memory", {16 * mib, 1024 * gib}, "Memory for what is sent up, in all.")),
};

constexpr std::array pkcs11{
    texts<&Pkcs11::modules>(
        "modules",
        "list of paths",
        "PKCS#11 libraries that the URI of a key may name with module-path, beside those of "
        "p11-kit's configuration: whoever names a library runs its code."),
};

}  // namespace

std::span<const Key<Config>> instance_keys() {
    return instance;
}

std::span<const Key<Config>> database_keys() {
    return database;
}

std::span<const Key<Config>> volume_keys() {
    return volume;
}

std::span<const Key<Listener>> listener_keys() {
    return listener;
}

std::span<const Key<Route>> route_keys() {
    return route;
}

std::span<const Key<Limits>> limit_keys() {
    return limits;
}

std::span<const Key<Retry>> retry_keys() {
    return retry;
}

std::span<const Key<Console>> console_keys() {
    return console;
}

std::span<const Key<Pkcs11>> pkcs11_keys() {
    return pkcs11;
}

}  // namespace bulla::config

#include "config/key.h"
#include "config/scheme.h"

#include <fmt/format.h>

namespace bulla::config {
namespace {

/// "number, 1 to 100" and the like.
template <class S>
std::string describe_type(const Key<S>& key) {
    if (key.type == "size") {
        return fmt::format("size, {} to {}", write_size(key.least), write_size(key.most));
    }
    if (key.type == "time") {
        return fmt::format("time, {} to {}", write_duration(key.least), write_duration(key.most));
    }
    return key.type == "number" ? fmt::format("number, {} to {}", key.least, key.most)
                                : std::string(key.type);
}

template <class S>
void list_table(std::vector<KeyInfo>& out,
                std::string_view table,
                std::span<const Key<S>> keys,
                const S& defaults) {
    for (const Key<S>& key : keys) {
        out.push_back({table,
                       key.name,
                       describe_type(key),
                       key.write(defaults, key),
                       key.help,
                       key.restarts});
    }
}

/// Writes each setting of `keys`: those that differ from `defaults` in force, the others as a comment.
template <class S>
void write_table(std::string& out,
                 std::span<const Key<S>> keys,
                 const S& value,
                 const S& defaults) {
    for (const Key<S>& key : keys) {
        const std::string now = key.write(value, key);
        const std::string standard = key.write(defaults, key);
        out += fmt::format("# {} ({}; default {})\n{}{} = {}\n",
                           key.help,
                           describe_type(key),
                           standard,
                           now == standard ? "#" : "",
                           key.name,
                           now);
    }
}

/// What a reader looks for first: written although it is the default.
bool is_worth_saying(std::string_view key, const Listener& /*listener*/) {
    return key == "address" || key == "port" || key == "role";
}

bool is_worth_saying(std::string_view key, const Route& route) {
    return key == "exit" || (key == "port" && route.exit == RouteExit::smtp);
}

/// A repeated table in short: what it says, not what it could say.
template <class S>
void write_block(std::string& out,
                 std::string_view name,
                 std::span<const Key<S>> keys,
                 const S& value) {
    const S defaults;
    out += fmt::format("\n[[{}]]\n", name);
    for (const Key<S>& key : keys) {
        const std::string now = key.write(value, key);
        if (now != key.write(defaults, key) || is_worth_saying(key.name, value)) {
            out += fmt::format("{} = {}\n", key.name, now);
        }
    }
}

/// A repeated table behind #, with all that can be set in it.
template <class S>
void write_example(std::string& out,
                   std::string_view name,
                   std::span<const Key<S>> keys,
                   const S& value) {
    const S defaults;
    out += fmt::format("#[[{}]]\n", name);
    for (const Key<S>& key : keys) {
        out += fmt::format("# {} ({}; default {})\n#{} = {}\n",
                           key.help,
                           describe_type(key),
                           key.write(defaults, key),
                           key.name,
                           key.write(value, key));
    }
}

Listener example_listener() {
    Listener relay;
    relay.port = 2525;
    relay.role = ListenerRole::relay;
    return relay;
}

Route example_route() {
    Route smarthost;
    smarthost.name = "smarthost";
    smarthost.match = {"*"};
    smarthost.host = "smarthost.example.com";
    smarthost.port = 587;
    smarthost.tls = RouteTls::required;
    smarthost.user = "bulla";
    smarthost.password_file = "smarthost.password";
    return smarthost;
}

std::vector<Listener> standard_listeners() {
    std::vector<Listener> out(3);
    for (Listener& listener : out) {
        listener.address = "*";
        listener.role = ListenerRole::submission;
    }
    out[0].role = ListenerRole::inbound;
    out[1].port = 587;
    out[2].port = 465;
    out[2].tls = ListenerTls::implicit;
    return out;
}

std::vector<Route> standard_routes(const std::string& prefix) {
    Route local;
    local.name = "local";
    local.match = {"local"};
    local.exit = RouteExit::maildir;
    local.path = prefix + "mail/{domain}/{local}";
    return {local};
}

}  // namespace

std::vector<KeyInfo> list_keys() {
    const Config defaults = default_config();
    std::vector<KeyInfo> out;
    list_table(out, "", instance_keys(), defaults);
    list_table(out, "[database]", database_keys(), defaults);
    list_table(out, "[volume]", volume_keys(), defaults);
    list_table(out, "[[listener]]", listener_keys(), Listener{});
    list_table(out, "[[route]]", route_keys(), Route{});
    list_table(out, "[limits]", limit_keys(), defaults.limits);
    list_table(out, "[retry]", retry_keys(), defaults.retry);
    list_table(out, "[console]", console_keys(), defaults.console);
    list_table(out, "[pkcs11]", pkcs11_keys(), defaults.pkcs11);
    return out;
}

std::string write_initial_config(const InitialConfig& initial) {
    const Config defaults = default_config();
    Config config = default_config();
    config.hostname = initial.hostname;
    config.passphrase_file = "passphrase";
    const std::string prefix = initial.data_path.empty() ? "" : initial.data_path + "/";
    config.state_path = prefix + "state";
    config.database_url = "sqlite:" + prefix + "state/bulla.db";
    config.volumes_path = prefix + "volumes";
    std::string out = fmt::format(
        "# bulla: the instance for {}. A line that begins with # is a comment; a setting behind # "
        "has its default.\n"
        "# Paths are relative to this file. Sizes: 64 KiB, 50 MiB, 1 GiB; times: 90 s, 5 min, 4 h, "
        "7 d.\n"
        "# All that is not here is changed with `bulla settings`, `bulla domain`, `bulla account` "
        "and so on.\n\n",
        initial.domain);
    write_table(out, instance_keys(), config, defaults);
    out += "\n[database]\n";
    write_table(out, database_keys(), config, defaults);
    out += "\n[volume]\n";
    write_table(out, volume_keys(), config, defaults);
    out +=
        "\n# Where mail comes in: one [[listener]] for each place. An example with all settings, "
        "then those in force.\n";
    write_example(out, "listener", listener_keys(), example_listener());
    for (const Listener& listener :
         initial.listeners.empty() ? standard_listeners() : initial.listeners) {
        write_block(out, "listener", listener_keys(), listener);
    }
    out +=
        "\n# Where mail goes: the first [[route]] that matches a recipient's domain takes it. "
        "Those in force, then an example with all settings.\n";
    for (const Route& route : initial.routes.empty() ? standard_routes(prefix) : initial.routes) {
        write_block(out, "route", route_keys(), route);
    }
    out += "\n";
    write_example(out, "route", route_keys(), example_route());
    out += "\n[limits]\n";
    write_table(out, limit_keys(), config.limits, defaults.limits);
    out += "\n[retry]\n";
    write_table(out, retry_keys(), config.retry, defaults.retry);
    out += "\n[console]\n";
    write_table(out, console_keys(), config.console, defaults.console);
    out += "\n[pkcs11]\n";
    write_table(out, pkcs11_keys(), config.pkcs11, defaults.pkcs11);
    return out;
}

}  // namespace bulla::config

#include "base/file.h"
#include "config/key.h"
#include "config/scheme.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <set>

namespace bulla::config {
namespace {

constexpr std::size_t max_blocks = 200;

template <class S>
std::string known_names(std::span<const Key<S>> keys) {
    std::string names;
    for (const Key<S>& key : keys) {
        names += (names.empty() ? "" : ", ") + std::string(key.name);
    }
    return names;
}

/// Reads each value of `table` by its row in `keys`; a name without a row is an error.
template <class S>
Result<void> read_table(S& into,
                        const Node& table,
                        std::span<const Key<S>> keys,
                        const Place& place) {
    if (table.kind != Node::Kind::table) {
        return bad_at(place, table, "must be a table");
    }
    for (const Node& value : table.items) {
        const auto key = std::ranges::find(keys, std::string_view(value.name), &Key<S>::name);
        if (key == keys.end()) {
            return bad_at(place, value, "is unknown; known here: " + known_names(keys));
        }
        BULLA_CHECK(key->read(into, value, *key, place));
    }
    return {};
}

bool is_word(std::string_view text) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, good);
}

Result<void> check_listener(const Listener& listener, const Node& node, const Place& place) {
    const bool is_milter = listener.role == ListenerRole::milter;
    if (listener.is_unix()) {
        if (!is_milter || !listener.address.starts_with("unix:/")) {
            return bad_at(
                place, node, "has a unix socket: that is for role milter, with an absolute path");
        }
    } else if (listener.address != "*" && !Ip::parse(listener.address)) {
        return bad_at(place, node, "has no IP address and no * in address");
    }
    if (is_milter && listener.proxy_protocol) {
        return bad_at(place, node, "has proxy_protocol, which no milter has");
    }
    if (is_milter && !listener.is_unix() && listener.xforward_hosts.empty()) {
        return bad_at(
            place, node, "is a milter without xforward_hosts: anybody could claim any log-in");
    }
    if (listener.proxy_protocol && listener.proxy_hosts.empty()) {
        return bad_at(
            place, node, "has proxy_protocol but no proxy_hosts: anybody could claim any address");
    }
    return {};
}

/// A pattern of Route::match in its one form.
Result<std::string> read_match(const std::string& pattern, const Node& node, const Place& place) {
    const bool wildcard = pattern.starts_with("*.");
    if (pattern == "*" || pattern == "local") {
        return pattern;
    }
    const auto domain = DomainName::parse(wildcard ? std::string_view(pattern).substr(2)
                                                   : std::string_view(pattern));
    if (!domain) {
        return bad_at(
            place,
            node,
            fmt::format("matches \"{}\", which is no domain, *.domain, * or local", pattern));
    }
    return wildcard ? "*." + domain->ascii() : domain->ascii();
}

Result<void> check_smtp_route(const Route& route, const Node& node, const Place& place) {
    if (!route.path.empty()) {
        return bad_at(place, node, "has a path, which is for exit = \"maildir\"");
    }
    if (route.host.empty()) {
        return bad_at(place, node, "has exit = \"smtp\" but no host");
    }
    if (!Ip::parse(route.host) && !DomainName::parse(route.host)) {
        return bad_at(place, node, "has a host that is no name and no IP address");
    }
    if (route.user.empty() != route.password_file.empty()) {
        return bad_at(place, node, "needs user and password_file together");
    }
    // A password leaves only under TLS whose certificate was checked.
    if (!route.user.empty() && route.tls != RouteTls::required) {
        return bad_at(place, node, "has a password: it needs tls = \"required\"");
    }
    return {};
}

Result<void> check_maildir_route(const Route& route, const Node& node, const Place& place) {
    constexpr std::array<std::string_view, 5> smtp_only = {
        "host", "port", "tls", "user", "password_file"};
    for (const Node& value : node.items) {
        if (std::ranges::find(smtp_only, value.name) != smtp_only.end()) {
            return bad_at(place, value, "is for exit = \"smtp\": a Maildir has no next hop");
        }
    }
    if (route.path.find("{local}") == std::string::npos) {
        return bad_at(place, node, "has exit = \"maildir\" but no {local} in its path");
    }
    return {};
}

Result<void> check_route(Route& route, const Node& node, const Place& place) {
    if (!is_word(route.name)) {
        return bad_at(place, node, "needs a name of letters, digits, - and _");
    }
    if (route.match.empty()) {
        return bad_at(place, node, "matches nothing: give match, such as [\"*\"]");
    }
    for (std::string& pattern : route.match) {
        BULLA_TRY(normal, read_match(pattern, node, place));
        pattern = normal;
    }
    return route.exit == RouteExit::smtp ? check_smtp_route(route, node, place)
                                         : check_maildir_route(route, node, place);
}

Result<void> check_console(const Console& console, const Node& node, const Place& place) {
    if (console.address != "*" && !Ip::parse(console.address)) {
        return bad_at(place, node, "has no IP address and no * in address");
    }
    if (console.port != 0 && console.port == console.tls_port) {
        return bad_at(place, node, "has the same number in port and tls_port");
    }
    if (console.certificate_file.empty() != console.key_file.empty()) {
        return bad_at(place, node, "needs certificate_file and key_file together");
    }
    for (const std::string& name : console.names) {
        if (!DomainName::parse(name)) {
            return bad_at(
                place, node, fmt::format("has \"{}\" in names, which is no host name", name));
        }
    }
    return {};
}

Result<void> check_pkcs11(const Pkcs11& pkcs11, const Node& node, const Place& place) {
    for (const std::string& module : pkcs11.modules) {
        if (!module.starts_with('/')) {
            return bad_at(place,
                          node,
                          fmt::format("has \"{}\" in modules, which is no absolute path", module));
        }
    }
    return {};
}

const Node& no_node() {
    static const Node none = [] {
        Node node;
        node.line = 1;
        node.column = 1;
        return node;
    }();
    return none;
}

template <class S, class Check>
Result<void> read_blocks(std::vector<S>& into,
                         const Node& array,
                         std::span<const Key<S>> keys,
                         const Place& place,
                         Check check) {
    if (array.kind != Node::Kind::array || array.items.size() > max_blocks) {
        return bad_at(
            place,
            array,
            fmt::format("must be written [[{}]], at most {} times", array.name, max_blocks));
    }
    for (Node node : array.items) {
        node.name = "[[" + array.name + "]]";
        S block;
        BULLA_CHECK(read_table(block, node, keys, place));
        BULLA_CHECK(check(block, node, place));
        into.push_back(std::move(block));
    }
    return {};
}

Result<void> read_section(Config& config, const Node& node, const Place& place) {
    if (node.name == "database") {
        return read_table(config, node, database_keys(), place);
    }
    if (node.name == "volume") {
        return read_table(config, node, volume_keys(), place);
    }
    if (node.name == "limits") {
        return read_table(config.limits, node, limit_keys(), place);
    }
    if (node.name == "retry") {
        return read_table(config.retry, node, retry_keys(), place);
    }
    if (node.name == "console") {
        BULLA_CHECK(read_table(config.console, node, console_keys(), place));
        return check_console(config.console, node, place);
    }
    if (node.name == "pkcs11") {
        BULLA_CHECK(read_table(config.pkcs11, node, pkcs11_keys(), place));
        return check_pkcs11(config.pkcs11, node, place);
    }
    if (node.name == "listener") {
        return read_blocks(config.listeners, node, listener_keys(), place, check_listener);
    }
    if (node.name == "route") {
        return read_blocks(config.routes, node, route_keys(), place, check_route);
    }
    const auto keys = instance_keys();
    const auto key = std::ranges::find(keys, std::string_view(node.name), &Key<Config>::name);
    if (key == keys.end()) {
        return bad_at(place,
                      node,
                      "is unknown; known here: " + known_names(keys) +
                          ", database, volume, listener, route, limits, retry, console, pkcs11");
    }
    return key->read(config, node, *key, place);
}

const Node& find(const Node& root, std::string_view name) {
    const auto found = std::ranges::find(root.items, name, &Node::name);
    return found == root.items.end() ? no_node() : *found;
}

/// sqlite:FILE with FILE made absolute.
Result<std::string> resolve_database(const std::string& url, const Node& root, const Place& place) {
    constexpr std::string_view scheme = "sqlite:";
    if (!url.starts_with(scheme) || url.size() == scheme.size()) {
        const Node& section = find(root, "database");
        return bad_at(place, find(section, "url"), "must be sqlite:FILE");
    }
    return std::string(scheme) + resolve(place, url.substr(scheme.size()));
}

Result<void> check_unique(const Config& config, const Node& root, const Place& place) {
    std::set<std::string> routes;
    for (const Route& route : config.routes) {
        if (!routes.insert(route.name).second) {
            return bad_at(
                place, find(root, "route"), fmt::format("has the name \"{}\" twice", route.name));
        }
    }
    std::set<std::pair<std::string, std::uint16_t>> ends;
    for (const Listener& listener : config.listeners) {
        if (!ends.emplace(listener.address, listener.is_unix() ? std::uint16_t{0} : listener.port)
                 .second) {
            return bad_at(
                place,
                find(root, "listener"),
                listener.is_unix()
                    ? fmt::format("listens twice at {}", listener.address)
                    : fmt::format("listens twice at {} port {}", listener.address, listener.port));
        }
    }
    return {};
}

Result<void> check_whole(Config& config, const Node& root, const Place& place) {
    const auto hostname = DomainName::parse(config.hostname);
    if (!hostname) {
        return bad_at(place,
                      find(root, "hostname"),
                      config.hostname.empty() ? "hostname must be given" : "must be a domain name");
    }
    config.hostname = hostname->ascii();
    if (!is_word(config.volume_name)) {
        return bad_at(
            place, find(find(root, "volume"), "name"), "must be of letters, digits, - and _");
    }
    if (!is_word(config.node_name)) {
        return bad_at(place, find(root, "node_name"), "must be of letters, digits, - and _");
    }
    BULLA_TRY(url, resolve_database(config.database_url, root, place));
    config.database_url = url;
    if (config.retry.longest_seconds < config.retry.first_seconds) {
        return bad_at(place, find(find(root, "retry"), "longest"), "must not be less than first");
    }
    return check_unique(config, root, place);
}

}  // namespace

Config default_config() {
    Config config;
    config.state_path = "state";
    config.database_url = "sqlite:state/bulla.db";
    config.volumes_path = "volumes";
    return config;
}

Result<Config> parse_config(std::string_view text, const std::string& path) {
    BULLA_TRY(root, parse_toml(text, path));
    const auto absolute = std::filesystem::absolute(path).lexically_normal();
    const std::string directory = absolute.parent_path().string();
    const Place place{path, directory};
    Config config = default_config();
    config.path = absolute.string();
    for (const Node& node : root.items) {
        BULLA_CHECK(read_section(config, node, place));
    }
    config.state_path = resolve(place, config.state_path);
    config.volumes_path = resolve(place, config.volumes_path);
    BULLA_CHECK(check_whole(config, root, place));
    return config;
}

Result<Config> load_config(const std::string& path) {
    auto bytes = load_secret_file(path, max_config_bytes, FileAccess::anybody);
    if (!bytes) {
        return fail("config.unreadable", Fault::us, bytes.error().text);
    }
    return parse_config(bytes->view(), path);
}

}  // namespace bulla::config

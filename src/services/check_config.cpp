#include "base/plural.h"
#include "services/check_parts.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::services {
namespace {

constexpr std::string_view area = "configuration";

Finding finding(CheckState state, std::string text, std::string action = {}) {
    return {std::string(area), state, std::move(text), std::move(action)};
}

/// Whether all that `pattern` matches is matched by `earlier` too.
bool is_covered(std::string_view pattern, std::string_view earlier) {
    return earlier == "*" || earlier == pattern ||
           (earlier.starts_with("*.") && pattern.ends_with(earlier.substr(1)));
}

const config::Route* find_taker(const std::vector<config::Route>& routes,
                                std::size_t before,
                                const std::string& pattern) {
    for (std::size_t i = 0; i < before; ++i) {
        for (const std::string& earlier : routes[i].match) {
            if (is_covered(pattern, earlier)) {
                return &routes[i];
            }
        }
    }
    return nullptr;
}

void judge_routes(Findings& out, const std::vector<config::Route>& routes) {
    for (std::size_t i = 0; i < routes.size(); ++i) {
        const config::Route* taker = nullptr;
        const bool unused = std::ranges::all_of(routes[i].match, [&](const std::string& pattern) {
            taker = find_taker(routes, i, pattern);
            return taker != nullptr;
        });
        if (unused && taker != nullptr) {
            out.push_back(
                finding(CheckState::warning,
                        fmt::format("the route {} is never used: {} before it takes its mail",
                                    routes[i].name,
                                    taker->name),
                        "put it before that one, or remove it"));
        }
    }
    for (const auto& [pattern, whose] :
         {std::pair{"local", "the instance's own domains"}, std::pair{"*", "other domains"}}) {
        if (find_taker(routes, routes.size(), pattern) == nullptr) {
            // A gateway that only takes mail in, or only sends it out, is in order.
            const bool none = routes.empty();
            out.push_back(
                finding(none ? CheckState::error : CheckState::ok,
                        fmt::format("no route takes mail for {}: it is refused", whose),
                        fmt::format("if there is such mail, add a [[route]] with match = [\"{}\"]",
                                    pattern)));
        }
    }
}

struct End {
    std::string address;
    std::uint16_t port;
    std::string what;
};

std::vector<End> list_ends(const config::Config& config) {
    std::vector<End> ends;
    ends.reserve(config.listeners.size() + 2);
    for (const config::Listener& listener : config.listeners) {
        if (!listener.is_unix()) {
            ends.push_back({listener.address, listener.port, "a [[listener]]"});
        }
    }
    if (config.console.port != 0) {
        ends.push_back({config.console.address, config.console.port, "[console] port"});
    }
    if (config.console.tls_port != 0) {
        ends.push_back({config.console.address, config.console.tls_port, "[console] tls_port"});
    }
    return ends;
}

void judge_ends(Findings& out, const std::vector<End>& ends) {
    const auto is_any = [](const End& end) {
        return end.address == "*" || end.address == "::" || end.address == "0.0.0.0";
    };
    for (std::size_t i = 0; i < ends.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (ends[i].port == ends[j].port &&
                (ends[i].address == ends[j].address || is_any(ends[i]) || is_any(ends[j]))) {
                out.push_back(finding(CheckState::error,
                                      fmt::format("{} at {} and {} at {} both want port {}",
                                                  ends[j].what,
                                                  ends[j].address,
                                                  ends[i].what,
                                                  ends[i].address,
                                                  ends[i].port),
                                      "give one of them another port"));
            }
        }
    }
}

bool is_loopback(const std::string& address) {
    const auto ip = Ip::parse(address);
    return ip && ip->is_loopback();
}

void judge_listener(Findings& out, const config::Listener& listener) {
    const std::string end = listener.place();
    if (listener.role == config::ListenerRole::submission &&
        listener.tls == config::ListenerTls::none && !is_loopback(listener.address)) {
        out.push_back(finding(
            CheckState::error,
            fmt::format(
                "the submission listener {} has no TLS: passwords would cross the network in clear",
                end),
            "set tls = \"starttls\" (port 587) or \"implicit\" (port 465)"));
    }
    if (listener.role == config::ListenerRole::filter && listener.xforward_hosts.empty()) {
        out.push_back(finding(
            CheckState::warning,
            fmt::format("the filter listener {} believes nobody: xforward_hosts is empty", end),
            "name the mail server that hands mail over, such as [\"127.0.0.1\"]"));
    }
}

}  // namespace

Findings judge_config(const config::Config& config) {
    Findings out;
    out.push_back(finding(CheckState::ok,
                          fmt::format("{}: {}, {}",
                                      config.path,
                                      plural(config.listeners.size(), "listener", "listeners"),
                                      plural(config.routes.size(), "route", "routes"))));
    if (config.listeners.empty()) {
        out.push_back(finding(CheckState::error,
                              "there is no [[listener]]: no mail can come in",
                              "add one; `bulla init` shows what they look like"));
    }
    judge_routes(out, config.routes);
    judge_ends(out, list_ends(config));
    for (const config::Listener& listener : config.listeners) {
        judge_listener(out, listener);
    }
    if (config.hostname.find('.') == std::string::npos) {
        out.push_back(finding(
            CheckState::warning,
            fmt::format("hostname is \"{}\", which is no full name: others refuse such greetings",
                        config.hostname),
            "set hostname to the name that the DNS has for this machine"));
    }
    return out;
}

}  // namespace bulla::services

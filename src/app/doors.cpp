#include "app/doors.h"

#include "app/process.h"
#include "base/log.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <thread>
#include <utility>

namespace bulla::app {

namespace {

using namespace std::chrono_literals;

// A socket that was closed a moment ago may still hold its port.
constexpr auto port_patience = 1s;
constexpr auto between_tries = 10ms;

// A milter and an SMTP door at one place are two, of which the file names one.
std::string place_of(const config::Listener& listener) {
    return listener.place() + (listener.role == config::ListenerRole::milter ? " milter" : "");
}

Result<net::Listener> bind_patiently(const config::Listener& listener,
                                     const std::string& user,
                                     bool patient) {
    const auto deadline = std::chrono::steady_clock::now() + (patient ? port_patience : 0s);
    while (true) {
        auto socket = Doors::bind(listener, user);
        if (socket || socket.error().code != "net.in_use" ||
            std::chrono::steady_clock::now() >= deadline) {
            return socket;
        }
        std::this_thread::sleep_for(between_tries);
    }
}

}  // namespace

Result<net::Listener> Doors::bind(const config::Listener& listener, const std::string& user) {
    if (!listener.is_unix()) {
        BULLA_TRY(endpoint, net::Endpoint::make(listener.address, listener.port));
        return net::Listener::bind(endpoint);
    }
    BULLA_TRY(endpoint, net::Endpoint::parse(listener.address));
    BULLA_TRY(owner, find_socket_owner(user, listener.socket_group));
    return net::Listener::bind(endpoint, {.unix_owner = owner.user, .unix_group = owner.group});
}

std::unique_ptr<gateway::Door> Doors::make_door(const config::Listener& listener) const {
    if (listener.role == config::ListenerRole::milter) {
        return std::make_unique<gateway::MilterDoor>(milter_context_, listener);
    }
    return std::make_unique<gateway::SmtpDoor>(context_, listener);
}

Doors::Door* Doors::find(const std::string& place) {
    const auto found = std::ranges::find(doors_, place, &Door::place);
    return found != doors_.end() ? &*found : nullptr;
}

void Doors::open(const config::Listener& listener, net::Listener socket) {
    const std::scoped_lock lock(mutex_);
    open_locked(listener, std::move(socket));
}

void Doors::open_locked(const config::Listener& listener, net::Listener socket) {
    const auto place = place_of(listener);
    Door* door = find(place);
    if (door == nullptr) {
        door = &doors_.emplace_back(Door{.place = place, .bound = {}, .door = make_door(listener)});
    } else {
        door->door->set_listener(listener);
    }
    door->bound = socket.local().text();
    door->is_open = true;
    log::info("door.open", {{"at", door->bound}});
    door->door->start(runtime_, std::move(socket));
}

bool Doors::close_unnamed(const std::vector<config::Listener>& listeners) {
    bool closed = false;
    for (auto& door : doors_) {
        const bool is_named = std::ranges::any_of(
            listeners, [&](const auto& listener) { return place_of(listener) == door.place; });
        if (door.is_open && !is_named) {
            log::info("door.closed", {{"at", door.bound}});
            door.door->close();
            door.is_open = false;
            closed = true;
        }
    }
    return closed;
}

std::vector<std::string> Doors::follow(const std::vector<config::Listener>& listeners) {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> problems;
    if (stopping_) {
        return problems;
    }
    const bool patient = close_unnamed(listeners);
    for (const auto& listener : listeners) {
        if (Door* door = find(place_of(listener)); door != nullptr && door->is_open) {
            door->door->set_listener(listener);
            continue;
        }
        auto socket = bind_patiently(listener, user_, patient);
        if (socket) {
            open_locked(listener, std::move(*socket));
            continue;
        }
        const bool is_forbidden = socket.error().code == "net.not_permitted";
        problems.push_back(socket.error().text + (is_forbidden ? "; restart the daemon" : ""));
        log::error("door.not_opened", {{"reason", problems.back()}});
    }
    return problems;
}

void Doors::stop() {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (auto& door : doors_) {
        door.door->stop();
    }
}

std::size_t Doors::sessions() const {
    const std::scoped_lock lock(mutex_);
    std::size_t count = 0;
    for (const auto& door : doors_) {
        count += door.door->sessions();
    }
    return count;
}

std::vector<std::string> Doors::places() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> places;
    for (const auto& door : doors_) {
        if (door.is_open) {
            places.push_back(door.bound);
        }
    }
    return places;
}

}  // namespace bulla::app

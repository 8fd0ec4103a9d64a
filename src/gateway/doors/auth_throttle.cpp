#include "gateway/doors/auth_throttle.h"

#include <algorithm>

namespace bulla::gateway {

namespace {

constexpr unsigned free_failures = 3;
constexpr unsigned most_in_flight = free_failures;
constexpr unsigned most_doublings = 6;
constexpr std::chrono::minutes memory{30};
constexpr std::chrono::hours known_memory{24 * 30};
constexpr std::size_t most_entries = 100'000;
constexpr std::size_t longest_login = 320;

std::string address_key(const Ip& client) {
    // An IPv6 host has a /64 to itself.
    const auto& bytes = client.bytes();
    return "a" + std::string(bytes.begin(), client.is_v4() ? bytes.end() : bytes.begin() + 8);
}

std::string login_key(std::string_view login) {
    std::string key = "l" + std::string(login.substr(0, longest_login));
    std::ranges::transform(key, key.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return key;
}

// One second after the third failure, doubling to about a minute.
std::chrono::seconds distance(unsigned failures) {
    return failures < free_failures
               ? std::chrono::seconds(0)
               : std::chrono::seconds(1U << std::min(failures - free_failures, most_doublings));
}

}  // namespace

std::optional<std::chrono::microseconds> AuthThrottle::wait_of(const std::string& key,
                                                               Time now) const {
    const auto found = entries_.find(key);
    if (found == entries_.end() || now - found->second.last > memory ||
        found->second.failures < free_failures) {
        return std::chrono::microseconds(0);
    }
    const auto wait = found->second.next_turn - now;
    if (wait > longest_wait) {
        return std::nullopt;
    }
    return std::max(std::chrono::microseconds(0), wait);
}

bool AuthThrottle::is_busy(const std::string& key) const {
    const auto found = entries_.find(key);
    return found != entries_.end() && found->second.in_flight >= most_in_flight;
}

void AuthThrottle::reserve(const std::string& key, Time turn) {
    auto& entry = entries_[key];
    ++entry.in_flight;
    if (entry.failures >= free_failures) {
        entry.next_turn = turn + distance(entry.failures);
    }
}

void AuthThrottle::leave(const std::vector<std::string>& keys) {
    const std::lock_guard lock(mutex_);
    for (const auto& key : keys) {
        const auto found = entries_.find(key);
        if (found == entries_.end() || found->second.in_flight == 0) {
            continue;
        }
        if (--found->second.in_flight == 0 && found->second.failures == 0) {
            entries_.erase(found);
        }
    }
}

AuthThrottle::Turn AuthThrottle::take_turn(const Ip& client, std::string_view login) {
    const std::lock_guard lock(mutex_);
    const Time now = clock_.now();
    make_room(now);
    const std::string address = address_key(client);
    const std::string name = login_key(login);
    const auto of_address = wait_of(address, now);
    const auto known = known_.find(address + name);
    const bool is_known = known != known_.end() && now - known->second < known_memory;
    const auto of_login = is_known ? std::chrono::microseconds(0) : wait_of(name, now);
    if (!of_address || !of_login) {
        return {};
    }
    if (!is_known && (is_busy(address) || is_busy(name))) {
        return {.kind = Turn::Kind::busy, .wait = {}, .place = {}};
    }
    const auto wait = std::max(*of_address, *of_login);
    std::vector<std::string> keys{address};
    if (!is_known) {
        keys.push_back(name);
    }
    for (const auto& key : keys) {
        reserve(key, now + wait);
    }
    return {.kind = Turn::Kind::go, .wait = wait, .place = Place(*this, std::move(keys))};
}

void AuthThrottle::make_room(Time now) {
    if (entries_.size() < most_entries) {
        return;
    }
    std::erase_if(entries_, [&](const auto& item) { return now - item.second.last > memory; });
    // Still full: someone fails from everywhere. Those with few failures go, the busy ones stay.
    if (entries_.size() >= most_entries) {
        std::erase_if(entries_,
                      [](const auto& item) { return item.second.failures <= free_failures; });
    }
    if (entries_.size() >= most_entries) {
        entries_.clear();
    }
}

void AuthThrottle::note_failure(const std::string& key, Time now) {
    Entry& entry = entries_[key];
    entry.failures = now - entry.last > memory ? 1 : entry.failures + 1;
    entry.last = now;
    entry.next_turn = std::max(entry.next_turn, now + distance(entry.failures));
}

void AuthThrottle::failed(const Ip& client, std::string_view login) {
    const std::lock_guard lock(mutex_);
    const Time now = clock_.now();
    make_room(now);
    note_failure(address_key(client), now);
    note_failure(login_key(login), now);
}

void AuthThrottle::succeeded(const Ip& client, std::string_view login) {
    const std::lock_guard lock(mutex_);
    // The address keeps its failures: else one good account would open the way for guessing at all others.
    if (const auto found = entries_.find(login_key(login)); found != entries_.end()) {
        found->second = Entry{.in_flight = found->second.in_flight};
    }
    if (known_.size() >= most_entries) {
        known_.clear();
    }
    known_[address_key(client) + login_key(login)] = clock_.now();
}

}  // namespace bulla::gateway

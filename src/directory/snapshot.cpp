#include "directory/snapshot.h"

#include <algorithm>
#include <utility>

namespace bulla::directory {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    return out;
}

std::shared_ptr<const Account> find_in(
    const std::unordered_map<std::string, std::shared_ptr<const Account>>& accounts,
    const std::string& key) {
    const auto found = accounts.find(key);
    return found == accounts.end() ? nullptr : found->second;
}

}  // namespace

bool Snapshot::is_local(const DomainName& domain) const {
    return domains.contains(domain.ascii());
}

bool Snapshot::is_disabled(const DomainName& domain) const {
    const auto found = domains.find(domain.ascii());
    return found != domains.end() && !found->second;
}

std::shared_ptr<const Account> Snapshot::find_account(std::string_view login) const {
    if (auto account = find_in(accounts_by_login, lower(login))) {
        return account;
    }
    const auto address = Mailbox::parse(login);
    return address ? find_address(*address) : nullptr;
}

std::shared_ptr<const Account> Snapshot::find_address(const Mailbox& address) const {
    return find_in(accounts_by_address, address.key());
}

const config::Route* Snapshot::find_route(const DomainName& domain) const {
    if (is_disabled(domain)) {
        return nullptr;
    }
    const auto matches_domain = [&](const std::string& pattern) {
        if (pattern == "*") {
            return true;
        }
        if (pattern == "local") {
            return is_local(domain);
        }
        // "*.example.org" covers what is below example.org, not itself.
        return pattern.starts_with("*.")
                   ? domain.ascii().ends_with(std::string_view(pattern).substr(1))
                   : pattern == domain.ascii();
    };
    const auto found = std::ranges::find_if(config.routes, [&](const config::Route& route) {
        return std::ranges::any_of(route.match, matches_domain);
    });
    return found == config.routes.end() ? nullptr : &*found;
}

bool Snapshot::matches(const Group& group, const Mailbox& address) {
    return std::ranges::any_of(group.patterns, [&](const std::string& pattern) {
        return matches_pattern(pattern, address);
    });
}

const Settings& Snapshot::settings_for(const DomainName& domain) const {
    const auto found = domain_settings.find(domain.ascii());
    return found == domain_settings.end() ? settings : found->second;
}

std::vector<const Group*> Snapshot::find_groups(const Mailbox& address) const {
    std::vector<const Group*> out;
    for (const std::uint32_t index : group_patterns.find(address)) {
        out.push_back(&groups[index]);
    }
    return out;
}

SnapshotHolder::SnapshotHolder(std::shared_ptr<const Snapshot> first)
    : current_(std::move(first)) {}

std::shared_ptr<const Snapshot> SnapshotHolder::current() const {
    return current_.load();
}

void SnapshotHolder::set(std::shared_ptr<const Snapshot> next) {
    current_.store(std::move(next));
}

}  // namespace bulla::directory

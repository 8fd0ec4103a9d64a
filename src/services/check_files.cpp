#include "services/check_parts.h"
#include "services/instance.h"
#include "services/owner.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::services {
namespace {

constexpr std::string_view area = "permissions";

Finding finding(CheckState state, std::string text, std::string action = {}) {
    return {std::string(area), state, std::move(text), std::move(action)};
}

FileFacts look_at(const std::string& path) {
    FileFacts facts{.path = path};
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) {
        facts.exists = errno == EACCES;
        facts.readable = false;
        return facts;
    }
    facts.mode = info.st_mode & 07777U;
    facts.owner = info.st_uid;
    return facts;
}

/// Who will run the daemon: the user of bulla.toml, else the owner of the state directory.
std::optional<uid_t> find_daemon(const config::Config& config) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (!config.user.empty()) {
        ::getpwnam_r(config.user.c_str(), &entry, buffer.data(), buffer.size(), &found);
        return found == nullptr ? std::nullopt : std::optional(entry.pw_uid);
    }
    const FileFacts state = look_at(config.state_path);
    return state.readable ? std::optional(state.owner) : std::nullopt;
}

std::string sqlite_path(const config::Config& config) {
    return config.database_url.substr(config.database_url.find(':') + 1);
}

void look_at_secrets(Findings& out, const config::Config& config, uid_t daemon) {
    if (!config.passphrase_file.empty()) {
        out.push_back(
            judge_file(look_at(config.passphrase_file), {"the passphrase", 0600, {daemon, 0}}));
    }
    for (const config::Route& route : config.routes) {
        if (!route.password_file.empty()) {
            out.push_back(judge_file(look_at(route.password_file),
                                     {"the password of route " + route.name, 0600, {daemon}}));
        }
    }
    if (!config.console.key_file.empty()) {
        out.push_back(
            judge_file(look_at(config.console.key_file), {"the console's key", 0600, {daemon, 0}}));
    }
}

}  // namespace

Finding judge_file(const FileFacts& facts, const FileRule& rule) {
    const std::string which = fmt::format("{} ({})", rule.what, facts.path);
    if (!facts.exists) {
        return rule.needed ? finding(CheckState::error,
                                     which + " is missing",
                                     "restore it; `bulla init` makes a new instance")
                           : finding(CheckState::ok, which + " is not there yet");
    }
    if (!facts.readable) {
        return finding(CheckState::warning,
                       which + " cannot be looked at by this user",
                       "run `bulla check` as root or as the daemon's user");
    }
    if ((facts.mode & ~rule.most) != 0) {
        return finding(CheckState::error,
                       fmt::format("{} has mode {:04o}: others can reach it", which, facts.mode),
                       fmt::format("chmod {:04o} {}", facts.mode & rule.most, facts.path));
    }
    if (!rule.owners.empty() && std::ranges::find(rule.owners, facts.owner) == rule.owners.end()) {
        return finding(CheckState::error,
                       fmt::format("{} belongs to {}, the daemon is {}",
                                   which,
                                   user_name(facts.owner),
                                   user_name(rule.owners.front())),
                       fmt::format("chown {} {}", user_name(rule.owners.front()), facts.path));
    }
    return finding(CheckState::ok, which + " is well kept");
}

Findings look_at_files(const config::Config& config) {
    Findings out;
    const auto daemon = find_daemon(config);
    if (!daemon) {
        out.push_back(
            config.user.empty()
                ? finding(CheckState::error,
                          config.state_path + " is missing or cannot be looked at",
                          "is this an instance? `bulla init` makes one; else run as root")
                : finding(CheckState::error,
                          fmt::format("there is no user {} (user in bulla.toml)", config.user),
                          fmt::format("adduser --system --group {}", config.user)));
        return out;
    }
    out.push_back(judge_file(look_at(config.path), {"the configuration", 0755, {}}));
    out.push_back(judge_file(look_at(config.state_path), {"the state", 0700, {*daemon}}));
    out.push_back(judge_file(look_at(config.volumes_path), {"the volumes", 0700, {*daemon}}));
    if (config.database_url.starts_with("sqlite:")) {
        out.push_back(judge_file(look_at(sqlite_path(config)), {"the database", 0600, {*daemon}}));
    }
    out.push_back(judge_file(look_at(admin_socket_path(config)),
                             {"the administration socket", 0700, {*daemon}, false}));
    look_at_secrets(out, config, *daemon);
    return out;
}

}  // namespace bulla::services

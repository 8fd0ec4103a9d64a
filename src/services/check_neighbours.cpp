#include "net/endpoint.h"
#include "net/listener.h"
#include "services/check_parts.h"
#include "services/lock.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/file.h>
#include <unistd.h>

namespace bulla::services {
namespace {

namespace fs = std::filesystem;

Finding finding(CheckState state, std::string text, std::string action = {}) {
    return {"neighbours", state, std::move(text), std::move(action)};
}

/// Whether a process holds the instance's lock. Looks without taking it for longer than the look.
bool is_owned(const std::string& state_path) {
    const int fd = ::open((state_path + "/lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool owned = fd >= 0 && ::flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (fd >= 0) {
        ::close(fd);
    }
    return owned;
}

/// The inode of the socket that listens on `port`, from the kernel's table (proc(5)); empty if none does.
std::string find_socket(std::uint16_t port) {
    constexpr std::string_view listening = "0A";
    for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream file(path);
        std::string line;
        while (std::getline(file, line)) {
            std::istringstream words(line);
            const std::vector<std::string> word{std::istream_iterator<std::string>(words), {}};
            if (word.size() > 9 && word[3] == listening &&
                word[1].ends_with(fmt::format(":{:04X}", port))) {
                return word[9];
            }
        }
    }
    return {};
}

/// "master (pid 812)"; empty if it cannot be seen.
std::string find_holder(std::uint16_t port) {
    const std::string socket = "socket:[" + find_socket(port) + "]";
    std::error_code error;
    for (const auto& process : fs::directory_iterator("/proc", error)) {
        std::error_code denied;
        for (const auto& file : fs::directory_iterator(process.path() / "fd", denied)) {
            if (fs::read_symlink(file.path(), denied) == socket) {
                std::string name;
                std::getline(std::ifstream(process.path() / "comm") >> std::ws, name);
                return fmt::format("{} (pid {})", name, process.path().filename().string());
            }
        }
    }
    return {};
}

Finding look_at_port(const std::string& address, std::uint16_t port) {
    PortFacts facts{.end = fmt::format("{}:{}", address, port), .code = ""};
    const auto end = net::Endpoint::make(address, port);
    const auto bound =
        end ? net::Listener::bind(*end) : Result<net::Listener>(std::unexpected(end.error()));
    if (!bound) {
        facts.code = bound.error().code;
        facts.holder = facts.code == "net.in_use" ? find_holder(port) : "";
    }
    return judge_port(facts);
}

/// The value of a parameter of main.cf, with its continuation lines; the last one counts.
std::string find_parameter(std::string_view text, std::string_view name) {
    std::string value;
    bool inside = false;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        const bool continues = !line.empty() && (line.front() == ' ' || line.front() == '\t');
        if (continues && inside) {
            value += line;
            continue;
        }
        const std::size_t equals = line.find('=');
        if (equals == std::string::npos || equals == 0) {
            inside = false;
            continue;
        }
        const std::string left = line.substr(0, line.find_last_not_of(" \t", equals - 1) + 1);
        inside = left == name;
        if (inside) {
            value = line.substr(equals + 1);
        }
    }
    return value;
}

bool names_a_listener(const std::string& value, const config::Config& config) {
    return std::ranges::any_of(config.listeners, [&](const config::Listener& listener) {
        if (listener.is_unix()) {
            // Postfix sees its own folder as the root of all paths.
            const std::string path = listener.address.substr(std::string_view("unix:").size());
            const std::size_t named = value.find("unix:");
            if (named == std::string::npos) {
                return false;
            }
            const std::size_t begin = named + std::string_view("unix:").size();
            const std::string where =
                value.substr(begin, value.find_first_of(" \t,}", begin) - begin);
            return !where.empty() && path.ends_with(where);
        }
        const std::string port = ":" + std::to_string(listener.port);
        const std::size_t at = value.find(port);
        return at != std::string::npos &&
               (at + port.size() == value.size() ||
                std::isdigit(static_cast<unsigned char>(value[at + port.size()])) == 0);
    });
}

}  // namespace

Finding judge_port(const PortFacts& facts) {
    if (facts.code.empty()) {
        return finding(CheckState::ok, facts.end + " is free");
    }
    if (facts.code == "net.in_use") {
        return finding(CheckState::error,
                       fmt::format("{} is taken by {}",
                                   facts.end,
                                   facts.holder.empty() ? "another program" : facts.holder),
                       "stop that program, or give the listener another port");
    }
    if (facts.code == "net.not_permitted") {
        return finding(CheckState::warning,
                       facts.end + " may not be bound by this user",
                       "start the daemon as root with user = in bulla.toml, or by systemd with "
                       "CAP_NET_BIND_SERVICE");
    }
    return finding(CheckState::error,
                   facts.end + " cannot be bound: this machine has no such address",
                   "correct the listener's address; `ip address` lists them");
}

// Of several filters bulla must be the last: what another one changed afterwards would break the signature, and what bulla takes over must
// not go on. Without bulla mail has to wait, not to pass.
std::optional<Finding> judge_milters(const std::string& milters,
                                     const std::string& default_action,
                                     const config::Config& config) {
    std::vector<std::string> names;
    std::string name;
    int braces = 0;
    for (const char c : milters + " ") {
        braces += c == '{' ? 1 : c == '}' ? -1 : 0;
        if (braces == 0 && (c == ' ' || c == '\t' || c == ',')) {
            if (!name.empty()) {
                names.push_back(std::exchange(name, {}));
            }
        } else {
            name.push_back(c);
        }
    }
    const auto ours = std::ranges::find_if(
        names, [&](const std::string& one) { return names_a_listener(one, config); });
    if (ours == names.end()) {
        return std::nullopt;
    }
    if (ours + 1 != names.end()) {
        return finding(CheckState::warning,
                       "Postfix asks other milters after bulla: what they change breaks signatures",
                       "put bulla last in smtpd_milters");
    }
    if (default_action.contains("accept") || ours->contains("accept")) {
        return finding(CheckState::warning,
                       "Postfix lets mail pass unsigned and unsealed while bulla is stopped",
                       "milter_default_action = tempfail");
    }
    return finding(CheckState::ok, "Postfix hands mail over to bulla by smtpd_milters");
}

Finding judge_postfix(std::string_view main_cf, const config::Config& config) {
    for (const char* name :
         {"content_filter", "relayhost", "smtpd_proxy_filter", "default_transport"}) {
        const std::string value = find_parameter(main_cf, name);
        if (names_a_listener(value, config)) {
            return finding(CheckState::ok,
                           fmt::format("Postfix hands mail over to bulla by {} ={}", name, value));
        }
    }
    const std::string milters = find_parameter(main_cf, "smtpd_milters");
    if (auto found =
            judge_milters(milters, find_parameter(main_cf, "milter_default_action"), config)) {
        return *found;
    }
    return finding(
        CheckState::ok,
        milters.find_first_not_of(" \t") == std::string::npos
            ? "Postfix is installed and hands nothing over to bulla"
            : "Postfix is installed, has milters, and hands nothing over to bulla",
        config.listeners.empty()
            ? "add a [[listener]], then name it in Postfix's relayhost or content_filter"
            : fmt::format("hint: relayhost = [127.0.0.1]:{} in main.cf gives bulla what leaves",
                          config.listeners.front().port));
}

Findings look_at_neighbours(const CheckOptions& options, const config::Config& config) {
    Findings out;
    if (is_owned(config.state_path)) {
        out.push_back(finding(CheckState::ok, "the instance is at work: its ports are its own"));
    } else {
        for (const config::Listener& listener : config.listeners) {
            if (!listener.is_unix()) {
                out.push_back(look_at_port(listener.address, listener.port));
            }
        }
        for (const std::uint16_t port : {config.console.port, config.console.tls_port}) {
            if (port != 0) {
                out.push_back(look_at_port(config.console.address, port));
            }
        }
    }
    if (std::ifstream file(options.postfix_path); file) {
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        out.push_back(judge_postfix(text, config));
    }
    return out;
}

}  // namespace bulla::services

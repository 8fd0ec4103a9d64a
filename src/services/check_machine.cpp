#include "base/date.h"
#include "config/values.h"
#include "services/check_parts.h"
#include "store/database.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/timex.h>

namespace bulla::services {
namespace {

// Clocks of one machine may differ by this much from one moment to the next, when they are set.
constexpr std::chrono::seconds allowed_step{5};
constexpr std::uint64_t own_files = 256;             // database, packs, sockets, threads
constexpr std::uint64_t own_memory = 256ULL << 20U;  // the program without mail

std::optional<Time> find_newest(const config::Config& config) {
    const auto opened =
        store::Database::open({.url = config.database_url}, store::Access::read_only);
    if (!opened) {
        return std::nullopt;
    }
    auto connection = (*opened)->connect(store::Access::read_only);
    if (!connection) {
        return std::nullopt;
    }
    const auto found = connection->query_first<std::int64_t>(
        "select at from log_checkpoint order by at desc limit 1");
    const auto row = found ? *found : std::nullopt;
    return row ? std::optional(from_micros(std::get<0>(*row))) : std::nullopt;
}

std::optional<bool> ask_kernel() {
    timex state{};
    const int answer = ::adjtimex(&state);
    if (answer < 0) {
        return std::nullopt;
    }
    return (static_cast<unsigned>(state.status) & STA_UNSYNC) == 0;
}

/// The first that limits this process: the control group (v2, v1) or the machine.
std::uint64_t find_memory() {
    struct sysinfo info{};
    std::uint64_t least = ::sysinfo(&info) == 0 ? std::uint64_t{info.totalram} * info.mem_unit : 0;
    for (const char* path :
         {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        std::ifstream file(path);
        if (std::uint64_t limit = 0; file >> limit) {
            least = least == 0 ? limit : std::min(least, limit);
        }
    }
    return least;
}

}  // namespace

Findings judge_clock(const ClockFacts& facts) {
    const auto finding = [](CheckState state, std::string text, std::string action = {}) {
        return Finding{"clock", state, std::move(text), std::move(action)};
    };
    if (facts.newest && facts.now + allowed_step < *facts.newest) {
        return {finding(CheckState::error,
                        fmt::format("the clock says {}, but the log has a checkpoint of {}",
                                    write_rfc3339(facts.now),
                                    write_rfc3339(*facts.newest)),
                        "set the clock: times in a sealed log are never taken back")};
    }
    if (facts.synchronized == false) {
        return {finding(CheckState::warning,
                        "no time service keeps the clock right",
                        "apt-get install systemd-timesyncd, or chrony")};
    }
    return {finding(CheckState::ok, "the clock says " + write_rfc3339(facts.now))};
}

Findings look_at_clock(const config::Config& config, const Clock& clock) {
    return judge_clock(
        {.now = clock.now(), .newest = find_newest(config), .synchronized = ask_kernel()});
}

Findings judge_limits(const config::Config& config, const LimitFacts& facts) {
    const auto finding = [](CheckState state, std::string text, std::string action = {}) {
        return Finding{"limits", state, std::move(text), std::move(action)};
    };
    Findings out;
    const std::uint64_t files =
        std::uint64_t{config.limits.connections} + config.console.connections + own_files;
    if (facts.files < files) {
        out.push_back(finding(
            CheckState::warning,
            fmt::format("{} files may be open, but [limits] and [console] allow {} connections",
                        facts.files,
                        files - own_files),
            fmt::format("LimitNOFILE={} in the unit (ulimit -n), or lower the limits", files)));
    }
    const std::uint64_t memory =
        config.limits.memory_bytes + config.console.memory_bytes + own_memory;
    if (facts.memory != 0 && memory > facts.memory / 4 * 3) {
        out.push_back(finding(
            CheckState::warning,
            fmt::format(
                "with [limits] and [console] memory the program may take {}, and there are {}",
                config::write_size(static_cast<std::int64_t>(memory)),
                config::write_size(static_cast<std::int64_t>(facts.memory >> 20U << 20U))),
            "lower memory in [limits] and [console]"));
    }
    if (out.empty()) {
        out.push_back(finding(CheckState::ok, "open files and memory are enough"));
    }
    return out;
}

Findings look_at_limits(const config::Config& config) {
    rlimit files{};
    LimitFacts facts{.memory = find_memory()};
    facts.files = ::getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_max : 0;
    return judge_limits(config, facts);
}

}  // namespace bulla::services

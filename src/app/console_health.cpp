#include "app/console_health.h"

#include "gateway/metrics.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

namespace bulla::app {

namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 1s;
// Below this a pack cannot grow by the largest run.
constexpr std::uint64_t least_free = std::uint64_t{64} << 20U;

std::uint64_t free_octets(const std::string& path) {
    struct statvfs disk{};

    return ::statvfs(path.c_str(), &disk) == 0 ? std::uint64_t{disk.f_bavail} * disk.f_frsize : 0;
}

api::Health::Check check_database(store::Database& database) {
    auto connection = database.lease();
    if (!connection) {
        return {.name = "database", .good = false, .detail = connection.error().text};
    }
    const auto row = (*connection)->query_first<std::int64_t>("select 1");
    return {.name = "database", .good = row.has_value(), .detail = row ? "" : row.error().text};
}

api::Health::Check check_disk(const std::string& path) {
    const std::uint64_t free = free_octets(path);
    return {.name = "disk",
            .good = free >= least_free,
            .detail = fmt::format("{} MiB free", free >> 20U)};
}

api::Health::Check check_sealer(const seal::Sealer& sealer) {
    std::string why;
    const bool good = sealer.healthy(&why);
    return {.name = "sealer", .good = good, .detail = why};
}

}  // namespace

ConsoleHealth::ConsoleHealth(const ConsoleContext& context, const api::HttpMetrics& metrics)
    : context_(context), metrics_(metrics) {}

api::Health ConsoleHealth::look() const {
    const auto queue = context_.queue.status();
    return {{check_database(context_.instance.database()),
             check_disk(context_.instance.config().volumes_path),
             check_sealer(context_.instance.sealer()),
             {.name = "queue", .good = queue.blocked.empty(), .detail = queue.blocked}}};
}

api::Health ConsoleHealth::check() {
    const std::scoped_lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (last_.checks.empty() || now - looked_ >= look_again) {
        last_ = look();
        looked_ = now;
    }
    return last_;
}

std::string ConsoleHealth::metrics_text() {
    api::MetricsText out;
    for (std::size_t i = 0; i < static_cast<std::size_t>(gateway::Metric::count); ++i) {
        const auto metric = static_cast<gateway::Metric>(i);
        out.add(gateway::name_of(metric),
                gateway::help_of(metric),
                gateway::is_counter(metric),
                static_cast<double>(context_.metrics.value(metric)));
    }
    out.add(metrics_);
    const auto gauge = [&](std::string_view name, std::string_view help, double value) {
        out.add(name, help, false, value);
    };
    const auto queue = context_.queue.status();
    gauge("bulla_queue_entries", "Deliveries known in memory.", static_cast<double>(queue.entries));
    gauge("bulla_queue_active", "Attempts under way.", static_cast<double>(queue.active));
    gauge("bulla_queue_unrecorded",
          "Results of attempts that are not recorded yet.",
          static_cast<double>(queue.unrecorded));
    gauge("bulla_queue_blocked",
          "1 while results of attempts cannot be recorded.",
          queue.blocked.empty() ? 0 : 1);
    gauge("bulla_sealing",
          "1 while messages can be sealed.",
          context_.instance.sealer().healthy(nullptr) ? 1 : 0);
    gauge("bulla_disk_free_octets",
          "Octets free where the packs are.",
          static_cast<double>(free_octets(context_.instance.config().volumes_path)));
    gauge("bulla_revision",
          "Revision of the configuration in force.",
          static_cast<double>(context_.instance.snapshots().current()->revision));
    const api::Health health = check();
    for (const auto& item : health.checks) {
        gauge(fmt::format("bulla_health_{}", item.name),
              fmt::format("1 while the check \"{}\" of /health passes.", item.name),
              item.good ? 1 : 0);
    }
    return out.take();
}

}  // namespace bulla::app

#include "services/traffic.h"

namespace bulla::services {
namespace {

constexpr std::int64_t kept_minutes = 31 * 24 * 60;
constexpr std::int64_t forget_every = 60;

}  // namespace

TrafficRecorder::TrafficRecorder(const gateway::Metrics& metrics,
                                 store::Database& database,
                                 const Clock& clock)
    : metrics_(metrics), database_(database), clock_(clock), recorded_(read()) {}

TrafficRecorder::Counts TrafficRecorder::read() const {
    using enum gateway::Metric;
    const auto refused = metrics_.value(smtp_refused_messages) +
                         metrics_.value(smtp_refused_senders) +
                         metrics_.value(smtp_refused_recipients);
    return {metrics_.value(flow_inbound),
            metrics_.value(flow_outbound),
            metrics_.value(flow_archived),
            metrics_.value(flow_signed),
            refused,
            metrics_.value(delivery_delivered),
            metrics_.value(delivery_deferred),
            metrics_.value(delivery_bounced)};
}

Result<bool> TrafficRecorder::record() {
    const auto counts = read();
    if (counts == recorded_) {
        return false;
    }
    BULLA_CHECK(write(counts, to_micros(clock_.now()) / 60'000'000));
    recorded_ = counts;
    return true;
}

Result<void> TrafficRecorder::write(const Counts& counts, std::int64_t minute) {
    BULLA_TRY(connection, database_.lease(store::Access::read_write));
    BULLA_TRY(tx, store::Tx::begin(*connection));
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const auto amount = static_cast<std::int64_t>(counts[i] - recorded_[i]);
        if (amount == 0) {
            continue;
        }
        const std::string name(traffic_series[i]);
        BULLA_TRY(changed,
                  tx.run_counted("update traffic set amount = amount + :amount where minute = "
                                 ":minute and series = :series",
                                 {amount, minute, name}));
        if (changed == 0) {
            BULLA_CHECK(tx.run(
                "insert into traffic (minute, series, amount) values (:minute, :series, :amount)",
                {minute, name, amount}));
        }
    }
    if (minute - forgotten_ >= forget_every) {
        BULLA_CHECK(tx.run("delete from traffic where minute < :minute", {minute - kept_minutes}));
        forgotten_ = minute;
    }
    return tx.finish();
}

}  // namespace bulla::services

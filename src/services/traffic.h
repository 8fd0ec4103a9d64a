#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "gateway/metrics.h"
#include "store/database.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace bulla::services {

/// What is counted minute by minute for charts (openapi: Stats).
inline constexpr std::array<std::string_view, 8> traffic_series{
    "received", "sent_out", "archived", "signed", "refused", "delivered", "deferred", "bounced"};

/// Writes what was counted since the last call into table `traffic`, under the minute that ends now, and forgets what is older than 31 days.
/// Writes nothing when nothing happened. One thread at a time.
class TrafficRecorder {
  public:
    TrafficRecorder(const gateway::Metrics& metrics, store::Database& database, const Clock& clock);

    /// Whether anything happened. Errors: those of store; what was counted is then kept for the next call.
    [[nodiscard]] Result<bool> record();

  private:
    using Counts = std::array<std::uint64_t, traffic_series.size()>;
    [[nodiscard]] Counts read() const;
    [[nodiscard]] Result<void> write(const Counts& counts, std::int64_t minute);

    const gateway::Metrics& metrics_;
    store::Database& database_;
    const Clock& clock_;
    Counts recorded_;
    std::int64_t forgotten_ = 0;  ///< Minute up to which old rows are gone.
};

}  // namespace bulla::services

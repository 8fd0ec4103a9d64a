#pragma once
#include "api/http_metrics.h"
#include "api/server.h"
#include "app/console.h"

#include <chrono>
#include <mutex>
#include <string>

namespace bulla::app {

/// What /health and /metrics say. Any thread that may block.
class ConsoleHealth {
  public:
    /// Both outlive it.
    ConsoleHealth(const ConsoleContext& context, const api::HttpMetrics& metrics);

    /// Whether database, disk, sealer and queue work; looked at once a second at most.
    [[nodiscard]] api::Health check();
    /// All metrics in the Prometheus text format.
    [[nodiscard]] std::string metrics_text();

  private:
    [[nodiscard]] api::Health look() const;

    ConsoleContext context_;
    const api::HttpMetrics& metrics_;
    std::mutex mutex_;
    std::chrono::steady_clock::time_point looked_;
    api::Health last_;
};

}  // namespace bulla::app

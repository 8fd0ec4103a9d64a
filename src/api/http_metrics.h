#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulla::api {

/// What the server counts; http_metrics.cpp has the table of names.
enum class HttpMetric : std::uint8_t {
    connections,
    open_connections,
    refused_total,
    refused_client,
    requests,
    answers_2xx,
    answers_3xx,
    answers_4xx,
    answers_5xx,
    timeouts,
    tls_failures,
    head_too_large,
    target_too_long,
    body_too_large,
    no_memory,
    body_octets,
    wrong_host,
    csrf,
    busy_logins,
    busy_waits,
    viewers,
    lost_events,
    count,
};

/// Counters without locks; any thread.
class HttpMetrics {
  public:
    void add(HttpMetric metric, std::uint64_t amount = 1) {
        cells_[index(metric)].fetch_add(amount, std::memory_order_relaxed);
    }

    void subtract(HttpMetric metric, std::uint64_t amount = 1) {
        cells_[index(metric)].fetch_sub(amount, std::memory_order_relaxed);
    }

    [[nodiscard]] std::uint64_t value(HttpMetric metric) const {
        return cells_[index(metric)].load(std::memory_order_relaxed);
    }

  private:
    static constexpr std::size_t index(HttpMetric metric) {
        return static_cast<std::size_t>(metric);
    }

    std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(HttpMetric::count)> cells_{};
};

struct HttpMetricRow {
    HttpMetric metric;
    std::string_view name;
    std::string_view help;
    bool counter = true;
};

[[nodiscard]] const std::array<HttpMetricRow, static_cast<std::size_t>(HttpMetric::count)>&
http_metric_rows();

/// Writes metrics in the Prometheus text format (version 0.0.4): HELP and TYPE once a name.
class MetricsText {
  public:
    void add(std::string_view name, std::string_view help, bool counter, double value);
    /// All that the server itself counts.
    void add(const HttpMetrics& metrics);

    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

}  // namespace bulla::api

#include "api/http_metrics.h"

#include <fmt/format.h>
#include <iterator>

namespace bulla::api {

namespace {

constexpr std::array<HttpMetricRow, static_cast<std::size_t>(HttpMetric::count)> rows{{
    {HttpMetric::connections,
     "bulla_http_connections_total",
     "Connections that the console's server accepted."},
    {HttpMetric::open_connections, "bulla_http_connections", "HTTP connections now.", false},
    {HttpMetric::refused_total,
     "bulla_http_refused_connections_total",
     "Connections refused because there were too many in all."},
    {HttpMetric::refused_client,
     "bulla_http_refused_client_connections_total",
     "Connections refused because one client had too many."},
    {HttpMetric::requests, "bulla_http_requests_total", "Requests with a readable head."},
    {HttpMetric::answers_2xx, "bulla_http_answers_2xx_total", "Answers with status 200 to 299."},
    {HttpMetric::answers_3xx, "bulla_http_answers_3xx_total", "Answers with status 300 to 399."},
    {HttpMetric::answers_4xx, "bulla_http_answers_4xx_total", "Answers with status 400 to 499."},
    {HttpMetric::answers_5xx, "bulla_http_answers_5xx_total", "Answers with status 500 to 599."},
    {HttpMetric::timeouts,
     "bulla_http_timeouts_total",
     "Connections closed because the client was too slow."},
    {HttpMetric::tls_failures,
     "bulla_http_failed_tls_handshakes_total",
     "TLS handshakes that failed."},
    {HttpMetric::head_too_large,
     "bulla_http_large_heads_total",
     "Requests refused because of the size of their head."},
    {HttpMetric::target_too_long,
     "bulla_http_long_targets_total",
     "Requests refused because of the length of their address."},
    {HttpMetric::body_too_large,
     "bulla_http_large_bodies_total",
     "Requests refused because of the size of their body."},
    {HttpMetric::no_memory,
     "bulla_http_memory_refusals_total",
     "Requests refused because the memory for bodies was used up."},
    {HttpMetric::body_octets,
     "bulla_http_body_octets",
     "Octets set aside for large bodies now.",
     false},
    {HttpMetric::wrong_host,
     "bulla_http_wrong_hosts_total",
     "Requests refused because they asked for a host that is not ours."},
    {HttpMetric::csrf,
     "bulla_http_cross_site_requests_total",
     "Requests refused because they did not come from our own page."},
    {HttpMetric::busy_logins,
     "bulla_http_busy_logins_total",
     "Log-ins put off because too many were being checked."},
    {HttpMetric::busy_waits,
     "bulla_http_busy_waits_total",
     "Questions to the DNS refused since too many waited."},
    {HttpMetric::viewers, "bulla_http_viewers", "Open streams of events now.", false},
    {HttpMetric::lost_events,
     "bulla_http_lost_events_total",
     "Times that a viewer read too slowly and lost events."},
}};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].metric != static_cast<HttpMetric>(i)) {
            return false;
        }
    }
    return true;
}

static_assert(is_in_order());

}  // namespace

const std::array<HttpMetricRow, static_cast<std::size_t>(HttpMetric::count)>& http_metric_rows() {
    return rows;
}

void MetricsText::add(std::string_view name, std::string_view help, bool counter, double value) {
    fmt::format_to(std::back_inserter(text_),
                   "# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n",
                   name,
                   help,
                   counter ? "counter" : "gauge",
                   value);
}

void MetricsText::add(const HttpMetrics& metrics) {
    for (const HttpMetricRow& row : rows) {
        add(row.name, row.help, row.counter, static_cast<double>(metrics.value(row.metric)));
    }
}

}  // namespace bulla::api

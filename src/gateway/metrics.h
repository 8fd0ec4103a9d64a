#pragma once
#include "smtp/limits.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bulla::gateway {

/// What is counted. A name once published stays; metrics.cpp has the table.
enum class Metric : std::uint8_t {
    smtp_connections,
    smtp_sessions,
    smtp_refused_connections_total,
    smtp_refused_connections_client,
    smtp_messages,
    smtp_message_octets,
    smtp_refused_senders,
    smtp_refused_recipients,
    smtp_refused_messages,
    smtp_deferred_messages,
    smtp_memory_refusals,
    smtp_memory_octets,
    smtp_logins,
    smtp_failed_logins,
    smtp_throttled_logins,
    smtp_tls_handshakes,
    smtp_failed_tls_handshakes,
    smtp_timeouts,
    smtp_lost_connections,
    // One a smtp::Limit, in its order.
    smtp_limit_command_octets,
    smtp_limit_auth_octets,
    smtp_limit_skipped_octets,
    smtp_limit_recipients,
    smtp_limit_errors,
    smtp_limit_refusals,
    smtp_limit_idle_commands,
    smtp_limit_transactions,
    smtp_limit_auth_attempts,
    smtp_limit_dropped_octets,
    smtp_limit_message_octets,
    smtp_limit_line_octets,
    smtp_limit_header_octets,
    smtp_limit_header_fields,
    smtp_limit_received_fields,
    smtp_limit_memory,
    flow_inbound,
    flow_outbound,
    flow_archived,
    flow_signed,
    flow_limit_mime,
    delivery_delivered,
    delivery_deferred,
    delivery_bounced,
    milter_connections,
    milter_sessions,
    milter_messages,
    milter_message_octets,
    milter_taken_over,
    milter_refused_messages,
    milter_deferred_messages,
    milter_lost_connections,
    count,
};

/// What counts how often a session passed `limit`.
[[nodiscard]] Metric metric_of(smtp::Limit limit);

/// The name of `metric` as programs know it, such as "bulla_smtp_messages_total".
[[nodiscard]] std::string_view name_of(Metric metric);
/// One sentence for people.
[[nodiscard]] std::string_view help_of(Metric metric);
/// True if it only grows; else it is a present amount.
[[nodiscard]] bool is_counter(Metric metric);

/// Counters without locks; any thread.
class Metrics {
  public:
    void add(Metric metric, std::uint64_t amount = 1) {
        cell(metric).value.fetch_add(amount, std::memory_order_relaxed);
    }

    void subtract(Metric metric, std::uint64_t amount = 1) {
        cell(metric).value.fetch_sub(amount, std::memory_order_relaxed);
    }

    [[nodiscard]] std::uint64_t value(Metric metric) const {
        return cells_[static_cast<std::size_t>(metric)].value.load(std::memory_order_relaxed);
    }

  private:
    // A cache line each, so that threads that count different things do not wait for each other.
    struct alignas(64) Cell {
        std::atomic<std::uint64_t> value = 0;
    };

    Cell& cell(Metric metric) { return cells_[static_cast<std::size_t>(metric)]; }

    std::array<Cell, static_cast<std::size_t>(Metric::count)> cells_;
};

}  // namespace bulla::gateway

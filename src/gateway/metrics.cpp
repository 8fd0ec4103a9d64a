#include "gateway/metrics.h"

#include <cstddef>
#include <iterator>

namespace bulla::gateway {

namespace {

struct Row {
    std::string_view name;
    std::string_view help;
    Metric metric;
    bool counter = true;
};

constexpr Row rows[] = {
    {"bulla_smtp_connections_total",
     "Connections that the SMTP doors accepted.",
     Metric::smtp_connections},
    {"bulla_smtp_sessions", "SMTP sessions that are open now.", Metric::smtp_sessions, false},
    {"bulla_smtp_refused_connections_total",
     "Connections refused because there were too many in all.",
     Metric::smtp_refused_connections_total},
    {"bulla_smtp_refused_client_connections_total",
     "Connections refused because one client had too many.",
     Metric::smtp_refused_connections_client},
    {"bulla_smtp_messages_total", "Messages taken over with 250.", Metric::smtp_messages},
    {"bulla_smtp_message_octets_total",
     "Octets of messages taken over.",
     Metric::smtp_message_octets},
    {"bulla_smtp_refused_senders_total", "Senders refused at MAIL.", Metric::smtp_refused_senders},
    {"bulla_smtp_refused_recipients_total",
     "Recipients refused at RCPT.",
     Metric::smtp_refused_recipients},
    {"bulla_smtp_refused_messages_total",
     "Messages refused for good after their text.",
     Metric::smtp_refused_messages},
    {"bulla_smtp_deferred_messages_total",
     "Messages refused for now after their text.",
     Metric::smtp_deferred_messages},
    {"bulla_smtp_memory_refusals_total",
     "Times that the memory for messages was used up.",
     Metric::smtp_memory_refusals},
    {"bulla_smtp_memory_octets",
     "Octets of messages in flight now.",
     Metric::smtp_memory_octets,
     false},
    {"bulla_smtp_logins_total", "Successful log-ins.", Metric::smtp_logins},
    {"bulla_smtp_failed_logins_total",
     "Log-ins with a wrong name or password.",
     Metric::smtp_failed_logins},
    {"bulla_smtp_throttled_logins_total",
     "Log-ins refused unseen because too many had failed.",
     Metric::smtp_throttled_logins},
    {"bulla_smtp_tls_handshakes_total",
     "TLS handshakes that succeeded.",
     Metric::smtp_tls_handshakes},
    {"bulla_smtp_failed_tls_handshakes_total",
     "TLS handshakes that failed.",
     Metric::smtp_failed_tls_handshakes},
    {"bulla_smtp_timeouts_total",
     "Sessions ended because the client took too long.",
     Metric::smtp_timeouts},
    {"bulla_smtp_lost_connections_total",
     "Sessions that the client ended without QUIT.",
     Metric::smtp_lost_connections},
};

static_assert(std::size(rows) == static_cast<std::size_t>(Metric::count));

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        if (rows[i].metric != static_cast<Metric>(i)) {
            return false;
        }
    }
    return true;
}

static_assert(is_in_order());

const Row& row_of(Metric metric) {
    return rows[static_cast<std::size_t>(metric)];
}

}  // namespace

std::string_view name_of(Metric metric) {
    return row_of(metric).name;
}

std::string_view help_of(Metric metric) {
    return row_of(metric).help;
}

bool is_counter(Metric metric) {
    return row_of(metric).counter;
}

}  // namespace bulla::gateway

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
    {"bulla_smtp_limit_command_octets_total",
     "Command lines that were too long.",
     Metric::smtp_limit_command_octets},
    {"bulla_smtp_limit_auth_octets_total",
     "Lines of a log-in that were too long.",
     Metric::smtp_limit_auth_octets},
    {"bulla_smtp_limit_skipped_octets_total",
     "Sessions ended because a line that was too long did not end.",
     Metric::smtp_limit_skipped_octets},
    {"bulla_smtp_limit_recipients_total",
     "Recipients past the limit of a message.",
     Metric::smtp_limit_recipients},
    {"bulla_smtp_limit_errors_total",
     "Sessions ended because of too many refused commands.",
     Metric::smtp_limit_errors},
    {"bulla_smtp_limit_refusals_total",
     "Sessions ended because of too many refused addresses.",
     Metric::smtp_limit_refusals},
    {"bulla_smtp_limit_idle_commands_total",
     "Sessions ended because of too many commands without a message.",
     Metric::smtp_limit_idle_commands},
    {"bulla_smtp_limit_transactions_total",
     "Sessions ended because of too many messages.",
     Metric::smtp_limit_transactions},
    {"bulla_smtp_limit_auth_attempts_total",
     "Sessions ended because of too many log-ins.",
     Metric::smtp_limit_auth_attempts},
    {"bulla_smtp_limit_dropped_octets_total",
     "Sessions ended because a refused message did not end.",
     Metric::smtp_limit_dropped_octets},
    {"bulla_smtp_limit_message_octets_total",
     "Messages that were too large.",
     Metric::smtp_limit_message_octets},
    {"bulla_smtp_limit_line_octets_total",
     "Messages with a line that was too long.",
     Metric::smtp_limit_line_octets},
    {"bulla_smtp_limit_header_octets_total",
     "Messages whose header was too large.",
     Metric::smtp_limit_header_octets},
    {"bulla_smtp_limit_header_fields_total",
     "Messages with too many header fields.",
     Metric::smtp_limit_header_fields},
    {"bulla_smtp_limit_received_fields_total",
     "Messages with too many Received fields.",
     Metric::smtp_limit_received_fields},
    {"bulla_smtp_limit_memory_total",
     "Messages for which there was no memory.",
     Metric::smtp_limit_memory},
    {"bulla_messages_inbound_total",
     "Messages from outside that were sealed.",
     Metric::flow_inbound},
    {"bulla_messages_outbound_total",
     "Messages of our side that were sealed.",
     Metric::flow_outbound},
    {"bulla_messages_archived_total",
     "Messages that went into the archive.",
     Metric::flow_archived},
    {"bulla_messages_signed_total",
     "Messages that left with a DKIM signature.",
     Metric::flow_signed},
    {"bulla_messages_limit_mime_total",
     "Messages that were not converted to 7 bit, for they have too many parts or levels.",
     Metric::flow_limit_mime},
    {"bulla_delivered_recipients_total",
     "Recipients whose next hop or mailbox took the message.",
     Metric::delivery_delivered},
    {"bulla_deferred_recipients_total",
     "Attempts for a recipient that are to be made again.",
     Metric::delivery_deferred},
    {"bulla_bounced_recipients_total",
     "Recipients that were refused for good.",
     Metric::delivery_bounced},
    {"bulla_milter_connections_total",
     "Connections of mail servers that the milter doors accepted.",
     Metric::milter_connections},
    {"bulla_milter_sessions",
     "Milter connections that are open now.",
     Metric::milter_sessions,
     false},
    {"bulla_milter_messages_total",
     "Messages handed back to the mail server or taken over.",
     Metric::milter_messages},
    {"bulla_milter_message_octets_total", "Their octets.", Metric::milter_message_octets},
    {"bulla_milter_taken_over_total",
     "Messages that the mail server was told to forget, since bulla delivers them.",
     Metric::milter_taken_over},
    {"bulla_milter_refused_messages_total",
     "Messages from milters refused with 5xx.",
     Metric::milter_refused_messages},
    {"bulla_milter_deferred_messages_total",
     "Messages from milters refused with 4xx.",
     Metric::milter_deferred_messages},
    {"bulla_milter_lost_connections_total",
     "Milter connections that ended before their time.",
     Metric::milter_lost_connections},
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
static_assert(static_cast<std::size_t>(Metric::smtp_limit_command_octets) +
                  static_cast<std::size_t>(smtp::Limit::count) ==
              static_cast<std::size_t>(Metric::flow_inbound));

const Row& row_of(Metric metric) {
    return rows[static_cast<std::size_t>(metric)];
}

}  // namespace

Metric metric_of(smtp::Limit limit) {
    return static_cast<Metric>(static_cast<std::size_t>(Metric::smtp_limit_command_octets) +
                               static_cast<std::size_t>(limit));
}

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

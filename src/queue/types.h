#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "mail/envelope.h"
#include "names/mailbox.h"
#include "names/message_id.h"
#include "seal/record.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bulla::queue {

/// One delivery: a copy of a message for those of its recipients that share a route and a destination. Numbered like messages.
using DeliveryId = MessageId;

/// What a delivery needs beside the message's bytes; stored sealed (docs/formats/queue.md).
struct Payload {
    std::optional<Mailbox> from = {};              ///< Nothing: "<>".
    std::vector<mail::Recipient> recipients = {};  ///< Those not yet final.
    std::string ret = {};                          ///< RET and ENVID of RFC 3461, as they came.
    std::string envid = {};
    std::string prefix = {};  ///< Header lines put before the record's bytes.
    seal::RecordKind kind = seal::RecordKind::received;
    std::uint16_t shares = 1;  ///< Deliveries that were made on the same record.
    bool eight_bit = false;    ///< The message needs 8BITMIME.
    bool smtputf8 = false;     ///< The message needs SMTPUTF8.
};

/// A delivery to be stored with its message.
struct NewDelivery {
    MessageId message = {};
    std::string route = {};
    std::string
        destination;  ///< What concurrency and back-off go by: the next hop ("mx.example:25") or the route's name.
    std::optional<Mailbox> from = {};
    std::vector<mail::Recipient> recipients = {};
    std::string ret = {};
    std::string envid = {};
    std::string prefix =
        {};  ///< Header lines put before the record's bytes: DKIM-Signature, Received.
    std::size_t record = 0;  ///< Index in Batch::records.
    seal::RecordKind kind = seal::RecordKind::received;
    bool own_record =
        false;  ///< The record serves deliveries alone: its key is destroyed when they are final.
    bool eight_bit = false;
    bool smtputf8 = false;
    std::shared_ptr<const std::string>
        bytes;  ///< The record's plain bytes, for delivery without a read.
};

/// A delivery at its turn, handed to an exit. What leaves is payload.prefix + *bytes.
struct Delivery {
    DeliveryId id = {};
    MessageId message = {};
    std::string route = {};
    std::string destination = {};
    Payload payload = {};
    std::shared_ptr<const std::string> bytes = {};
    Time created = {};
    unsigned attempts = 0;  ///< Before this one.
};

enum class Outcome { delivered, deferred, failed };

/// What came of one recipient.
struct RecipientResult {
    Outcome outcome = Outcome::deferred;
    std::string status = {};      ///< Enhanced status code (RFC 3463), such as "5.1.1".
    std::string diagnostic = {};  ///< The remote reply, "550 5.1.1 no such user", or our own words.
    bool remote = false;          ///< `diagnostic` is an SMTP reply of `remote_mta`.
};

/// What came of an attempt.
struct DeliveryReport {
    std::vector<RecipientResult> recipients =
        {};                       ///< One a recipient of the payload, in its order.
    std::string remote_mta = {};  ///< Name of the next hop; empty for a mailbox.
    bool final_delivery =
        false;  ///< A mailbox took it: "delivered", not "relayed" (RFC 3464 2.3.3).
    bool dsn_passed_on =
        false;  ///< The next hop took the DSN parameters: success notices are its duty (RFC 3461 5.2.1).
    bool host_failed =
        false;  ///< The next hop could not be reached or refused all service: leave it alone for a while.
};

/// Back-off and expiry.
struct RetryPolicy {
    std::chrono::seconds first{60};
    std::chrono::seconds longest{3600};
    std::chrono::seconds expire{5 * 86400};
    std::chrono::seconds warn{4 * 3600};  ///< A delay notice after this; 0: none.
};

}  // namespace bulla::queue

#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "mail/envelope.h"
#include "queue/types.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::queue {

/// What a notice tells (RFC 3464 2.3.3).
enum class NoticeKind { failed, delayed, relayed, delivered };

/// A notice to be sent: which recipients of a delivery it is about.
struct Notice {
    NoticeKind kind = NoticeKind::failed;
    std::vector<std::size_t> recipients;  ///< Indexes into the payload's recipients.
};

/// Which notices an attempt's results ask for: failures unless NOTIFY excludes them, success only if NOTIFY asks for it and the next hop
/// will not tell itself, delay if `delay_due` (RFC 3461 4.1, 5.2). None for a message from "<>".
[[nodiscard]] std::vector<Notice> decide_notices(const Payload& payload,
                                                 const DeliveryReport& report,
                                                 bool delay_due);

/// What a notice is made of.
struct DsnRequest {
    NoticeKind kind = NoticeKind::failed;
    std::string hostname = {};           ///< Reporting-MTA.
    std::string postmaster_domain = {};  ///< Of the author; empty: hostname.
    std::string remote_mta = {};         ///< Empty: none.
    Time now = {};
    Time arrived = {};
    Time retry_until = {};             ///< For delayed.
    std::optional<Mailbox> from = {};  ///< The message's sender: whom the notice goes to.
    std::string envid = {};            ///< xtext
    MessageId message = {};
    std::vector<mail::Recipient> recipients = {};
    std::vector<RecipientResult> results = {};  ///< One a recipient.
    std::string_view header = {};  ///< Of the received message: all that is sent back of it.
};

struct Dsn {
    mail::Envelope envelope;
    std::string bytes;
};

/// Makes the multipart/report message (RFC 6522) with its message/delivery-status (RFC 3464), or the forms of RFC 6533 where an address
/// or the header has octets above 127, and the headers as text/rfc822-headers. Sent from "<>" to `from`. Errors: those of mail/build.h.
[[nodiscard]] Result<Dsn> make_dsn(const DsnRequest& request, Random& random);

}  // namespace bulla::queue

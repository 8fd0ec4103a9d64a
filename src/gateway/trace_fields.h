#pragma once
#include "base/clock.h"
#include "base/random.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "names/message_id.h"

#include <string>
#include <string_view>

namespace bulla::gateway {

/// The Received field (RFC 5321 4.4) that says how `envelope` came to `hostname`, with its CRLF. A recipient is named only when it is the
/// only one, so that none is told of another. What the client said of itself is cut to harmless characters.
[[nodiscard]] std::string make_received(const mail::Envelope& envelope,
                                        const MessageId& id,
                                        std::string_view hostname,
                                        Time now);

/// What a submission server adds when the message lacks it (RFC 6409 8.1, 8.2): Date, Message-ID. Empty if nothing is missing.
[[nodiscard]] std::string make_missing_fields(const mail::Message& message,
                                              std::string_view domain,
                                              const MessageId& id,
                                              Time now);

}  // namespace bulla::gateway

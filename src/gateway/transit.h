#pragma once
#include "base/clock.h"
#include "directory/snapshot.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "names/message_id.h"
#include "seal/sealer.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulla::gateway {

/// What one stage did, for the message's page and for explain. Facts hold names, keys and reasons, never the text of the mail.
struct TraceStep {
    std::string_view stage;
    Time at;  ///< When the stage was done.
    std::vector<std::pair<std::string, std::string>> facts;
};

/// A copy of the message for recipients whose treatment is equal (GW-04).
struct Copy {
    mail::Message message;   ///< What it is made of: the received bytes, or converted ones.
    bool converted = false;  ///< True if `message` differs from what was received.
    std::string
        prefix;  ///< Header lines put before it: DKIM-Signature, Received and what was missing.
    std::vector<mail::Recipient> recipients;
    bool eight_bit = false;  ///< The next hop must offer 8BITMIME.
    bool smtputf8 = false;   ///< The next hop must offer SMTPUTF8.
};

/// A message on its way through the flow. Each stage reads what earlier ones found and adds its own; nothing else is changed.
struct Transit {
    MessageId id;
    Time begun;
    std::shared_ptr<const directory::Snapshot> snapshot;
    mail::Envelope envelope;
    mail::Message message;  ///< As received.

    // identify
    std::shared_ptr<const directory::Account> account;  ///< Who logged in.
    std::vector<Mailbox> from;                          ///< The mailboxes of the From field.
    bool outbound = false;  ///< Sent by our side: logged in, or from a trusted network.

    /// What the door can do instead of queueing: nothing, hand the message back to the mail server with added fields, or with any change.
    enum class HandBackAbility { none, add, change };
    HandBackAbility ability = HandBackAbility::none;
    bool folds_anew =
        false;  ///< The mail server writes the white space of fields anew, as Sendmail does with lists of addresses.

    // decide
    bool handed_back =
        false;  ///< The mail server goes on with the one copy: there are no deliveries.
    bool archived = false;
    bool beyond_mime_limits = false;  ///< Not converted: more parts or levels than are looked into.
    std::vector<const directory::ArchiveSigner*> signers;
    std::vector<Copy> copies;

    // sign
    bool dkim_signed = false;  ///< At least one copy.

    std::vector<seal::KeyUse> key_uses;  ///< GW-06: what sign and seal used.
    std::vector<TraceStep> trace;
};

}  // namespace bulla::gateway

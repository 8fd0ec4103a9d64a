#pragma once
#include "authres/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/verdict.h"
#include "crypto/key.h"
#include "dkim/sign.h"
#include "mail/message.h"
#include "names/domain.h"
#include "names/selector.h"

#include <memory>
#include <string>

namespace bulla::arc {

/// The fields that a message signature covers unless told otherwise: those of dkim::default_signed_fields() and DKIM-Signature, as often as
/// the message has them; none is oversigned, since handlers after us add fields rightly. Never Authentication-Results or ARC fields.
[[nodiscard]] const std::shared_ptr<const dkim::SignedFields>& default_sealed_fields();

/// One set to make. May be kept and used for many messages, from any thread, with what is the message's set anew.
struct SealOptions {
    DomainName domain;                          ///< d=
    Selector selector;                          ///< s=
    std::shared_ptr<const crypto::Signer> key;  ///< rsa (at least 1024 bits) or ed25519.
    Time time{};                                ///< t=
    /// cv=: what arc::Verification said of the message as it came in: none, pass or fail.
    Verdict chain = Verdict::none;
    /// What was found out about the message as it came in, that of ARC too.
    authres::Results results = {};
    bool utf8 = false;  ///< The message is one of RFC 6532.
    std::shared_ptr<const dkim::SignedFields> fields = nullptr;  ///< Null: default_sealed_fields().
};

/// Makes the next ARC Set (RFC 8617 5.1) over `message` as it will leave: ARC-Seal, ARC-Message-Signature, ARC-Authentication-Results, each
/// with CRLF and folded, to be put in front of it. The same input gives the same output. A chain that failed is sealed as RFC 8617 5.1.2 says:
/// the new seal covers its own set alone. Errors: arc.chain_ended (the newest seal says cv=fail: no set may follow), arc.chain_full (it has 50
/// sets), arc.no_header: these are about the message and no failure, it goes on without a new set; arc.chain_mismatch (`chain` cannot be true
/// of this message), dkim.key_type, dkim.weak_key, dkim.bad_field_name, those of the Signer. May be called from any thread.
[[nodiscard]] Result<std::string> seal(const mail::Message& message, const SealOptions& options);

}  // namespace bulla::arc

#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "crypto/key.h"
#include "dkim/types.h"
#include "mail/message.h"
#include "names/domain.h"
#include "names/selector.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bulla::dkim {

/// Whether h= names a field once more than the message has it, so that nobody can add another one (RFC 6376 5.4, 8.15).
enum class Oversign : std::uint8_t { never, if_present, always };

/// A field to sign.
struct SignedField {
    std::string name;
    Oversign oversign = Oversign::never;
};

/// The fields to sign, in the order in which h= names them: every instance that the message has, from the lowest up, then one more if the
/// field is oversigned. From is put in front if the list lacks it.
using SignedFields = std::vector<SignedField>;

/// What is signed unless told otherwise: the fields of RFC 6376 5.4.1 and those that MIME and mailing lists (RFC 2369, 8058) add. Never
/// fields that relays add or change (Received, Return-Path, Authentication-Results, DKIM-Signature). Oversigned always: From, To, Cc,
/// Subject, Date, Reply-To, which readers see or answer to; if present: Message-ID and the MIME fields, which relays may add.
[[nodiscard]] const std::shared_ptr<const SignedFields>& default_signed_fields();

/// One signature to make. May be kept and used for many messages, from any thread, with `time` set anew.
struct SignOptions {
    DomainName domain;  ///< d=
    Selector selector;  ///< s=
    std::shared_ptr<const crypto::Signer>
        key;  ///< rsa (at least 1024 bits) or ed25519; decides a=.
    CanonPair canon{.header = Canon::relaxed, .body = Canon::relaxed};
    Time time{};  ///< t=
    std::optional<std::int64_t> expire_after =
        std::nullopt;  ///< Seconds from t= to x=; more than 0.
    bool with_body_length =
        false;  ///< l= with the length of the whole canonical body (RFC 6376 8.2 warns).
    std::optional<std::string> identity =
        std::nullopt;          ///< i=: [local part] "@" domain, the domain within `domain`.
    bool with_copies = false;  ///< z= with the signed fields.
    std::shared_ptr<const SignedFields> fields = nullptr;  ///< Null: default_signed_fields().
};

/// Makes one DKIM-Signature field for each of `options` over `message` as it is and returns them, each with CRLF, folded to 78 columns
/// where names allow it, to be put in front of the message; rsa-sha256 first, then ed25519-sha256 (RFC 8463), each in the given order.
/// q=dns/txt is always named. The same input gives the same output. The body is hashed once for each canonicalisation.
/// Errors: dkim.no_from, dkim.key_type, dkim.weak_key, dkim.identity_outside, dkim.bad_expiry, dkim.bad_field_name, and those of the Signer.
/// May be called from any thread.
[[nodiscard]] Result<std::string> sign(const mail::Message& message,
                                       std::span<const SignOptions> options);

}  // namespace bulla::dkim

#pragma once
#include "base/error.h"
#include "mail/message.h"
#include "mail/mime.h"

#include <string>

namespace bulla::mail {

/// What the way to the next hop must be able to carry.
struct TransportNeeds {
    bool smtputf8 = false;   ///< The header has octets above 127 (RFC 6531).
    bool eight_bit = false;  ///< The body has octets above 127 (RFC 6152).
    bool binary =
        false;  ///< NUL, a bare CR or LF, or a line above 998 octets in the body: not even 8BITMIME carries it (RFC 5321 4.5.3.1.6).
};

[[nodiscard]] TransportNeeds find_needs(const Message& message);

/// A message after conversion.
struct SevenBit {
    std::string bytes;
    bool complete =
        true;  ///< False if something had to stay as it was: within multipart/signed, in a header, or encoded wrongly.
};

/// The message with every 8-bit or binary part in quoted-printable (text) or base64 (all else), so that it needs no 8BITMIME (RFC 6152 3,
/// RFC 2045 6). multipart/signed and what is in it is left alone, because a signature covers it. Octets above 127 before the first and
/// after the last delimiter of a multipart, which no reader shows, become "?". Parts that need nothing keep their bytes.
/// Must come before DKIM signing, never after it. Errors: those of parse_mime.
[[nodiscard]] Result<SevenBit> make_seven_bit(const Message& message,
                                              const MimeLimits& limits = {});

}  // namespace bulla::mail

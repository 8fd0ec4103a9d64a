#pragma once
#include "base/error.h"
#include "dkim/types.h"
#include "names/domain.h"
#include "names/selector.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::dkim {

/// A DKIM-Signature field (RFC 6376 3.5) that has been read and found sound. `headers` and the offsets point into the field's bytes.
struct Signature {
    Algorithm algorithm = Algorithm::rsa_sha256;
    CanonPair canon;
    DomainName domain;                         ///< d=
    Selector selector;                         ///< s=
    std::string signature;                     ///< b=, decoded.
    std::string body_hash;                     ///< bh=, decoded, 32 octets.
    std::vector<std::string_view> headers;     ///< h=, as written.
    std::string identity;                      ///< i=, or "@" and the domain.
    DomainName identity_domain;                ///< Its domain, which is `domain` or below it.
    std::optional<std::uint64_t> body_length;  ///< l=
    std::optional<std::int64_t> time;          ///< t=, seconds since 1970.
    std::optional<std::int64_t> expiry;        ///< x=, seconds since 1970.
    std::size_t value_begin =
        0;  ///< Where the value of b= and the white space around it lie in the whole field.
    std::size_t value_end = 0;

    /// The name of the key record: selector._domainkey.domain.
    [[nodiscard]] std::string key_name() const;
};

/// What a DKIM-Signature says of itself, sound or not: for reports.
struct SignatureClaims {
    std::string domain;
    std::string selector;
    std::string algorithm;
};

/// Limits on one DKIM-Signature field.
struct SignatureLimits {
    std::size_t max_headers = 512;       ///< Names in h=.
    std::size_t max_octets = 64 * 1024;  ///< Of the field's value.
    std::size_t max_tags = 64;
};

/// Which of the fields that share this syntax is read. RFC 8617 4.1.2: an ARC-Message-Signature has no v=, its i= is a number, and h= need
/// not name From, nor anything, but never ARC-Seal; 4.1.3: an ARC-Seal has no h=, bh= and c= either and is always relaxed.
enum class SignatureSyntax : std::uint8_t { dkim, arc_message, arc_seal };

/// Reads the DKIM-Signature `field` (the whole field with name and CRLF, which must outlive the result) and checks what can be checked
/// without key, time and message (RFC 6376 6.1.1). `claims` is filled as far as the field can be read. Errors: dkim.bad_tags,
/// dkim.too_many_tags, dkim.bad_version, dkim.missing_tag, dkim.bad_value, dkim.historic_algorithm, dkim.unknown_algorithm,
/// dkim.from_not_signed, dkim.identity_outside, dkim.bad_query; arc.seal_signed (h= names ARC-Seal), arc.fields_in_seal (h= in an ARC-Seal).
[[nodiscard]] Result<Signature> parse_signature(std::string_view field,
                                                SignatureClaims& claims,
                                                const SignatureLimits& limits = {},
                                                SignatureSyntax syntax = SignatureSyntax::dkim);

}  // namespace bulla::dkim

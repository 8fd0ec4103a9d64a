#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "names/domain.h"

#include <span>
#include <string>

namespace bulla::pki {

/// A certificate and its private key, both in PEM.
struct CertifiedKey {
    std::string certificate;
    SecretBytes private_key;
};

/// Makes a P-256 key and a certificate that it signs itself (RFC 5280), for STARTTLS until certificates are managed: for all of `hosts` as
/// dNSName (RFC 6125; the first is the common name, too, if it has at most 64 octets), server authentication only, no authority. Valid from
/// an hour before `clock` says, for clients whose clocks are behind, for `days` (1…825).
/// Errors: pki.bad_request (no hosts, more than 100, days out of range), pki.failed.
[[nodiscard]] Result<CertifiedKey> make_self_signed(std::span<const DomainName> hosts,
                                                    const Clock& clock,
                                                    int days);

}  // namespace bulla::pki

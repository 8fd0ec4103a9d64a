#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "dkim/types.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::dkim {

/// A key record (RFC 6376 3.6.1, RFC 8463 4) whose key has been read. Immutable.
struct KeyRecord {
    Algorithm algorithm = Algorithm::rsa_sha256;  ///< By k=; only the hash sha256 is known.
    std::optional<crypto::PublicKey>
        key;                   ///< Empty if the key has been revoked (p= without a value).
    bool testing = false;      ///< t=y: the domain is testing DKIM.
    bool same_domain = false;  ///< t=s: i= must have the very domain of d=.
};

/// Limits on a key record: what is longer, or has more tags, is refused as dkim.too_many_tags.
inline constexpr std::size_t longest_key_record = 8 * 1024;
inline constexpr std::size_t most_key_tags = 32;

/// Reads a key record. Errors: dkim.bad_tags, dkim.too_many_tags, dkim.bad_key_version, dkim.missing_tag, dkim.unknown_key_type,
/// dkim.hash_not_allowed (h= without sha256), dkim.service_not_allowed (s= without email), dkim.bad_key.
[[nodiscard]] Result<KeyRecord> parse_key_record(std::string_view text);

struct KeyRecordOptions {
    bool testing = false;      ///< t=y
    bool same_domain = false;  ///< t=s
};

/// The text of the TXT record that publishes `key`. Errors: dkim.key_type (neither rsa nor ed25519).
[[nodiscard]] Result<std::string> write_key_record(const crypto::PublicKey& key,
                                                   const KeyRecordOptions& options = {});

/// `text` as a line of a zone file (RFC 1035 5.1): `name` with a dot at its end, the text in strings of at most 255 octets.
[[nodiscard]] std::string write_zone_line(std::string_view name, std::string_view text);

}  // namespace bulla::dkim

#pragma once
#include "base/error.h"
#include "base/secret.h"
#include "names/domain.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bulla::dnsupdate {

enum class TsigAlgorithm : std::uint8_t { hmac_sha256, hmac_sha512 };

/// "hmac-sha256", "hmac-sha512"
[[nodiscard]] std::string_view to_string(TsigAlgorithm algorithm);

/// A secret shared with a name server (RFC 8945).
struct TsigKey {
    DomainName name;
    TsigAlgorithm algorithm = TsigAlgorithm::hmac_sha256;
    SecretBytes secret;
};

inline constexpr std::size_t longest_key_file = 4096;

/// Reads a key file in one of three forms: `hmac-sha256:NAME:BASE64` (knsupdate), `key "NAME" { algorithm hmac-sha256; secret "BASE64"; };`
/// (BIND), or what `keymgr -t` prints for Knot (`key:`, `- id:`, `algorithm:`, `secret:`). Lines that begin with # or // are comments.
/// Errors: dnsupdate.bad_key, dnsupdate.bad_algorithm; their texts never hold any of it.
[[nodiscard]] Result<TsigKey> parse_key(std::string_view text);

/// The same of a file that only its owner may read. Errors: those of parse_key, with the path; those of load_secret_file.
[[nodiscard]] Result<TsigKey> load_key(const std::string& path);

}  // namespace bulla::dnsupdate

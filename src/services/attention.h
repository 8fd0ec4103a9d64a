#pragma once
#include "services/service.h"

#include <chrono>
#include <cstddef>

// What will hurt before long if nobody acts: certificates, tokens and keys that end or have been in use for too long.

namespace bulla::services {

/// A certificate is told of so long before it ends, a token too.
inline constexpr std::chrono::days certificate_notice{21};
inline constexpr std::chrono::days token_notice{14};
/// A token that ended is told of for so long: whoever used it has noticed by then.
inline constexpr std::chrono::days token_memory{30};
/// How long a key signs before it should be changed: a DKIM key, and an archive's (NIST SP 800-57 part 1, 5.3.6: a private signature key is
/// in use for one to three years).
inline constexpr std::chrono::days dkim_key_age{90};
inline constexpr std::chrono::days signer_key_age{3 * 365};
/// A new DKIM key waits so long for its record before that is told.
inline constexpr std::chrono::days record_patience{1};
inline constexpr std::size_t most_attention = 100;

/// [{"kind", "subject", "domain"? | "login"?, "at", "past", "text", "command"?}], what has happened before what will, then by time; at most
/// most_attention. `at`: when it ends, or since when it waits. `past`: that has come. Kinds: certificate, token, dkim_age, dkim_record,
/// signer_age. `live`: what only the daemon knows (ServiceContext::live). Errors: those of store.
[[nodiscard]] Result<nlohmann::json> list_attention(ServiceContext& context,
                                                    const nlohmann::json& live);

}  // namespace bulla::services

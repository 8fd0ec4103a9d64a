#pragma once
#include "archive/summary.h"
#include "vault/vault.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What lists of the archive are filtered by (DESIGN 3, "Catalogue"): the database holds keyed hashes of terms, never the terms.
/// How often a token stands there still tells how often its term occurs: docs/threat-model.md.
namespace bulla::archive {

enum class TermKind { sender, recipient, direction, group };

/// A term's one text. An address or "@domain" in any case of ASCII letters is the same term.
[[nodiscard]] std::string make_term(TermKind kind, std::string_view value);

/// The terms of a message, each once: addresses of envelope and header with their domains, direction, groups. At most 256.
[[nodiscard]] std::vector<std::string> terms_of(const Summary& summary);

/// Their tokens, in the same order: 63 bits of HMAC-SHA-256 under the vault's label "search". Any thread.
[[nodiscard]] std::vector<std::int64_t> make_tokens(const vault::Vault& vault,
                                                    const std::vector<std::string>& terms);

}  // namespace bulla::archive

#pragma once
#include "base/error.h"
#include "seal/sealer.h"
#include "store/database.h"
#include "vault/vault.h"

#include <cstddef>
#include <optional>

/// Messages that were archived before the schema had message_token get their tokens later, a few at a time. How far that is stands in
/// `meta`, row `token_backfill`: "CURSOR LAST", two numbers of messages, or "done".
namespace bulla::archive {

struct Backfill {
    std::size_t messages = 0;  ///< How many of them are looked at in this step.
    seal::Rider rows;          ///< Their tokens, and the cursor.
};

/// The next step over at most `limit` messages; none: all is done. A step that was not committed is made again, and one that was made twice
/// changes nothing. A message whose texts do not open stays without tokens. Errors: those of store.
[[nodiscard]] Result<std::optional<Backfill>> make_backfill(store::Connection& connection,
                                                            const vault::Vault& vault,
                                                            std::size_t limit);

}  // namespace bulla::archive

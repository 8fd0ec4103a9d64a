#pragma once
#include "mail/message.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::authres {

/// True if an Authentication-Results field with this `value` speaks in the name of one of `own_ids` (RFC 8601 5): its authserv-id is the
/// same, in any letter case, with or without a final dot, as U-label or A-label; or the field cannot be read and one of the ids stands
/// anywhere in it, since other readers may find it there.
[[nodiscard]] bool claims_own_id(std::string_view value, std::span<const std::string> own_ids);

/// The Authentication-Results fields of mail that comes from outside which must be removed, for nobody but this installation may speak in the
/// name of `own_ids`. In the order in which they stand. ARC-Authentication-Results stay: the chain's signatures prove those.
[[nodiscard]] std::vector<mail::FieldSpan> forged_fields(const mail::Message& message,
                                                         std::span<const std::string> own_ids);

}  // namespace bulla::authres

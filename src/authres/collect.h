#pragma once
#include "authres/types.h"
#include "mail/message.h"

#include <string_view>

namespace bulla::authres {

/// All that the Authentication-Results fields of `message` say in the name of `authserv_id`, as one, in the order in which they stand: what
/// an ARC set passes on (RFC 8617 4.1.1). Only for messages from which forged fields are gone; those that cannot be read are left out.
[[nodiscard]] Results collect_results(const mail::Message& message, std::string_view authserv_id);

}  // namespace bulla::authres

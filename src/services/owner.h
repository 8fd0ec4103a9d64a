#pragma once
#include "base/error.h"

#include <string>
#include <sys/types.h>

namespace bulla::services {

/// As root: becomes, for good, the user and group that own `path`, so that files made from now on are theirs. Does nothing for others or
/// when root owns it. Error: instance.cannot_drop.
[[nodiscard]] Result<void> become_owner_of(const std::string& path);

/// Gives `path` and all in it to `user` and their group. Errors: instance.no_user, instance.cannot_give.
[[nodiscard]] Result<void> give_to(const std::string& path, const std::string& user);

/// The login of `uid`, or its number.
[[nodiscard]] std::string user_name(uid_t uid);

}  // namespace bulla::services

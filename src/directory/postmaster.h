#pragma once
#include "directory/snapshot.h"
#include "names/mailbox.h"

#include <optional>

namespace bulla::directory {

/// Who "postmaster" of the instance is (RFC 5321 4.5.1): of the host's own domain or the nearest local one above it, else of the first
/// local one by name; nothing if no domain is local. Any thread.
[[nodiscard]] std::optional<Mailbox> find_postmaster(const Snapshot& snapshot);

}  // namespace bulla::directory

#pragma once
#include "base/error.h"
#include "names/message_id.h"
#include "store/connection.h"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace bulla::services {

/// What lists tell of a message besides its own row.
struct MessageFacts {
    std::vector<std::string> signers{};  ///< Ids of those whose signature is kept, in their order.
    std::string delivery =
        "none";  ///< none, queued, held, partly, delivered or failed: what became of its deliveries, in one word.
};

/// The facts of many messages with a few statements, since lists are read thousands of times a second; every id has an entry.
/// Errors: those of store. One thread at a time, as the connection.
[[nodiscard]] Result<std::map<MessageId, MessageFacts>> load_message_facts(
    store::Connection& connection, std::span<const MessageId> ids);

}  // namespace bulla::services

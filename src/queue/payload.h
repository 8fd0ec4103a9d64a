#pragma once
#include "base/error.h"
#include "queue/types.h"

#include <string>
#include <string_view>

namespace bulla::queue {

/// `payload` in the form of docs/formats/queue.md.
[[nodiscard]] std::string write_payload(const Payload& payload);

/// Reads what write_payload made, strictly: nothing may be left over. At most 100,000 recipients. Error: queue.bad_payload.
[[nodiscard]] Result<Payload> parse_payload(std::string_view bytes);

}  // namespace bulla::queue

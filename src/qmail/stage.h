#pragma once
#include "qmail/machine.h"

#include <string>
#include <string_view>

namespace bulla::qmail {

/// The stage file of this process: queue/dkim/<n>/<m>, <n> as in qmail's queue, <m> the number of the process.
[[nodiscard]] std::string stage_path(Machine& machine);

/// Takes away what processes left that are no more.
void sweep_stages(Machine& machine);

/// Puts `fields` and `message` into the stage file, which becomes descriptor 0 and then has no name any more: from there on no end of this
/// process or of the next can leave it behind. Errors: qmail.stage (made or written), qmail.unlink.
[[nodiscard]] Result<void> stage_message(Machine& machine,
                                         std::string_view fields,
                                         std::string_view message);

}  // namespace bulla::qmail

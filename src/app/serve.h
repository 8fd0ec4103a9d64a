#pragma once
#include "cli/run.h"

namespace bulla::app {

/// `bulla serve`: runs the daemon until SIGTERM or SIGINT; gives the exit code (0 after a clean stop, 3 when it could not start).
[[nodiscard]] int serve(const cli::ServeOptions& options);

}  // namespace bulla::app

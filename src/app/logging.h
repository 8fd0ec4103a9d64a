#pragma once
#include <string_view>

namespace bulla::app {

/// Sends log lines to standard error with time and level; `level` is debug, info, warning or error. Under systemd (JOURNAL_STREAM) the time
/// is left to the journal and the level is given as its prefix.
void start_logging(std::string_view level);
/// Another level from now on. From any thread.
void set_log_level(std::string_view level);

}  // namespace bulla::app

#pragma once
#include "base/clock.h"

#include <string>
#include <string_view>

namespace bulla::services {

/// Appends a file (0644) to a tar archive (POSIX ustar). `name`: at most 100 octets; `bytes`: less than 8 GiB.
void append_tar(std::string& tar, std::string_view name, std::string_view bytes, Time time);
/// Ends the archive: two blocks of zeros.
void end_tar(std::string& tar);

}  // namespace bulla::services

#pragma once
#include "importers/files.h"
#include "importers/plan.h"

#include <string>

namespace bulla::importers {

/// Reads an opendkim.conf(5), of OpenDKIM 2.10 and 2.11, and all files that it names. What it says of verifying is told as left out. Never fails:
/// what cannot be read is a finding. Blocks as `files` does.
[[nodiscard]] ImportPlan import_opendkim(const Files& files, const std::string& path);

}  // namespace bulla::importers

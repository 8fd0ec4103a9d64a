#pragma once
#include "importers/files.h"
#include "importers/plan.h"

#include <string>

namespace bulla::importers {

/// Reads the home of an s/qmail, such as /var/qmail: control/dkimdomains, control/me, control/rcpthosts and ssl/domainkeys. bulla reads the
/// first and the last of them itself (docs/policy/dkimdomains.md), so the plan is to point at them, after each line and key was looked at.
/// The key files are read from the disk (keydir::load_key), whatever `files` is. Never fails; blocks.
[[nodiscard]] ImportPlan import_sqmail(const Files& files, const std::string& home);

}  // namespace bulla::importers

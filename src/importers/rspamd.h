#pragma once
#include "importers/files.h"
#include "importers/plan.h"

#include <string>

namespace bulla::importers {

/// Reads rspamd's dkim_signing: below the folder `path` modules.d, local.d and override.d/dkim_signing.conf, each over the one before as rspamd
/// does it, or `path` alone if it is a file. Maps of selectors and paths in files are read too. Never fails; blocks as `files` does.
[[nodiscard]] ImportPlan import_rspamd(const Files& files, const std::string& path);

}  // namespace bulla::importers

#pragma once
#include "importers/files.h"
#include "importers/plan.h"

#include <string>

namespace bulla::importers {

/// Reads the dkim_* options of all smtp transports of an Exim: of the file `path`, or of the folder of Debian's (exim4.conf, else
/// exim4.conf.localmacros with conf.d or exim4.conf.template as update-exim4.conf.conf says). Never fails; blocks as `files` does.
[[nodiscard]] ImportPlan import_exim(const Files& files, const std::string& path);

}  // namespace bulla::importers

#pragma once
#include "cli/command.h"

namespace bulla::cli {

/// Adds `bulla archive seal` to `group`.
void add_archive_seal(CLI::App& group, Context& context);

}  // namespace bulla::cli

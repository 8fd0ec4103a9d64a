#pragma once
#include "base/clock.h"
#include "cli/manual_tree.h"
#include "config/scheme.h"

#include <span>
#include <string>
#include <vector>

namespace bulla::cli {

struct ManualPage {
    std::string file;  ///< "bulla-queue.1"
    std::string text;  ///< mdoc(7)
};

/// bulla.1, a page for each command below it (with all that is in a group), and bulla.toml.5 with every setting.
[[nodiscard]] std::vector<ManualPage> write_manual(const CommandInfo& root,
                                                   std::span<const config::KeyInfo> settings,
                                                   Time date);

}  // namespace bulla::cli

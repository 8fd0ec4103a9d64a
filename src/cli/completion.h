#pragma once
#include "cli/manual_tree.h"

#include <string>

namespace bulla::cli {

// What a shell must be told to complete the program's command line: a script that stands alone and does not call the program.

[[nodiscard]] std::string write_bash_completion(const CommandInfo& root);
[[nodiscard]] std::string write_zsh_completion(const CommandInfo& root);
[[nodiscard]] std::string write_fish_completion(const CommandInfo& root);

}  // namespace bulla::cli

#pragma once
#include "importers/files.h"

#include <string>
#include <string_view>
#include <vector>

namespace bulla::importers {

/// The domains that have a file by the name `path`, in which `mark` stands for the domain, also more than once: looked for in the folder of
/// its first place. Errors: those of Files::list; none if `mark` is not in it.
[[nodiscard]] Result<std::vector<std::string>> find_domains(const Files& files,
                                                            std::string_view path,
                                                            std::string_view mark);

}  // namespace bulla::importers

#pragma once
#include "base/error.h"
#include "base/secret.h"

#include <cstddef>
#include <string>

namespace bulla {

/// Who may be able to read a file that holds a secret.
enum class FileAccess { owner_only, anybody };

/// Reads a regular file of at most `limit` octets. With FileAccess::owner_only a file that group or others can read or write is refused.
/// Errors: file.unreadable, file.not_regular, file.too_large, file.world_readable; each text has the path and never the content.
[[nodiscard]] Result<SecretBytes> load_secret_file(const std::string& path,
                                                   std::size_t limit,
                                                   FileAccess access);

}  // namespace bulla

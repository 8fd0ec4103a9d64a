#pragma once
#include "base/error.h"
#include "seal/files.h"

#include <optional>
#include <string>

/// `state/checkpoint`: the last checkpoint seen, kept outside the database (docs/formats/pack.md).
namespace bulla::seal {

/// The stored note, or nothing if there is no such file. Error: seal.file.
[[nodiscard]] Result<std::optional<std::string>> load_checkpoint_file(
    const std::string& state_path);

/// Replaces the stored note in one step that a power cut cannot halve. Errors: seal.full, seal.file.
[[nodiscard]] Result<void> save_checkpoint_file(FileOps& files,
                                                const std::string& state_path,
                                                std::string_view note);

/// The same for another file in the state directory, such as "log.pub".
[[nodiscard]] Result<void> save_state_file(FileOps& files,
                                           const std::string& state_path,
                                           std::string_view name,
                                           std::string_view bytes);

}  // namespace bulla::seal

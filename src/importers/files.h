#pragma once
#include "base/error.h"
#include "base/secret.h"

#include <cstddef>
#include <string>
#include <vector>

namespace bulla::importers {

/// The files of another program: on the disk, or in memory for tests and fuzzers. What they hold may be secret (keys, passwords of databases).
class Files {
  public:
    Files() = default;
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;
    virtual ~Files() = default;
    /// A regular file of at most `limit` octets. Errors as load_secret_file.
    [[nodiscard]] virtual Result<SecretBytes> read(const std::string& path,
                                                   std::size_t limit) const = 0;
    /// The names in a folder, sorted, at most 100,000. Error: file.unreadable.
    [[nodiscard]] virtual Result<std::vector<std::string>> list(
        const std::string& directory) const = 0;
    /// There is something by this name.
    [[nodiscard]] virtual bool exists(const std::string& path) const = 0;
    /// There is a folder by this name.
    [[nodiscard]] virtual bool is_directory(const std::string& path) const = 0;
    /// Group or others can read or write it.
    [[nodiscard]] virtual bool is_open_to_others(const std::string& path) const = 0;
};

/// Those of this machine. Blocks.
class DiskFiles final : public Files {
  public:
    [[nodiscard]] Result<SecretBytes> read(const std::string& path,
                                           std::size_t limit) const override;
    [[nodiscard]] Result<std::vector<std::string>> list(
        const std::string& directory) const override;
    [[nodiscard]] bool exists(const std::string& path) const override;
    [[nodiscard]] bool is_directory(const std::string& path) const override;
    [[nodiscard]] bool is_open_to_others(const std::string& path) const override;
};

inline constexpr std::size_t most_config_octets = std::size_t{1} << 20;
inline constexpr std::size_t most_table_octets = std::size_t{8} << 20;
inline constexpr std::size_t longest_line = 65536;

/// A text file: Files::read, and neither NUL octets nor lines beyond longest_line in it. Errors: those of read, import.binary,
/// import.long_line, each with the path.
[[nodiscard]] Result<SecretBytes> read_text(const Files& files,
                                            const std::string& path,
                                            std::size_t limit);

/// `path` as a file in `directory` names it: as it is if it begins with a slash.
[[nodiscard]] std::string join_path(const std::string& directory, const std::string& path);
/// All before the last slash; "." if there is none.
[[nodiscard]] std::string directory_of(const std::string& path);

}  // namespace bulla::importers

#pragma once
#include "base/error.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::seal {

/// An open file; closes itself.
class File {
  public:
    File() = default;

    explicit File(int descriptor) : descriptor_(descriptor) {}

    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

    File& operator=(File&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }

    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File();

    [[nodiscard]] int descriptor() const { return descriptor_; }

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  private:
    int descriptor_ = -1;
};

/// What sealing asks of the file system, so that a test can make the Nth operation fail. Errors: seal.full (no room: ENOSPC, EDQUOT),
/// seal.file (all else), with the path and the system's words. May be called from any thread.
class FileOps {
  public:
    FileOps() = default;
    FileOps(const FileOps&) = delete;
    FileOps& operator=(const FileOps&) = delete;
    virtual ~FileOps() = default;
    /// The machine's files.
    [[nodiscard]] static FileOps& system();

    /// Makes a new file (0600) that must not exist.
    [[nodiscard]] virtual Result<File> create(const std::string& path) = 0;
    /// Opens an existing file to write in it. Error besides: seal.no_file.
    [[nodiscard]] virtual Result<File> open_existing(const std::string& path) = 0;
    /// Writes all pieces one after the other from `offset`.
    [[nodiscard]] virtual Result<void> write(const File& file,
                                             std::span<const std::string_view> pieces,
                                             std::int64_t offset) = 0;
    /// fdatasync.
    [[nodiscard]] virtual Result<void> sync(const File& file) = 0;
    /// fsync of a directory: makes names in it durable.
    [[nodiscard]] virtual Result<void> sync_folder(const std::string& path) = 0;
    [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
    virtual void remove(const std::string& path) = 0;
};

/// Makes the directory `path` (0700) and those above it that are missing; each is durable in its parent. Errors as FileOps.
[[nodiscard]] Result<void> make_folder(FileOps& files, const std::string& path);

/// Reads up to `size` octets from `offset`; less only at the end of the file. Error: seal.file.
[[nodiscard]] Result<std::string> read_at(const File& file, std::int64_t offset, std::size_t size);

/// Opens a file to read. Errors: seal.no_file, seal.file.
[[nodiscard]] Result<File> open_to_read(const std::string& path);

}  // namespace bulla::seal

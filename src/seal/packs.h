#pragma once
#include "base/random.h"
#include "base/secret.h"
#include "seal/files.h"
#include "seal/format.h"
#include "seal/record.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace bulla::seal {

/// A pack being written: both files, where the next record and slot go. One thread at a time. After any error it must not be used again.
class Pack {
  public:
    Pack(FileOps& files, PackName name, File pack, File keys, SecretBytes key)
        : files_(files),
          name_(std::move(name)),
          pack_(std::move(pack)),
          keys_(std::move(keys)),
          key_(std::move(key)) {}

    [[nodiscard]] const PackName& name() const { return name_; }

    [[nodiscard]] std::int64_t end() const { return end_; }

    /// The place of the next record, `length` octets long, and its slot, which write_slots() will write.
    [[nodiscard]] Address reserve(std::uint64_t length,
                                  const SecretBytes& record_key,
                                  Random& random);

    [[nodiscard]] Result<void> write(std::span<const std::string_view> pieces,
                                     std::int64_t offset) {
        return files_.write(pack_, pieces, offset);
    }

    [[nodiscard]] Result<void> write_slots();

    [[nodiscard]] Result<void> sync_pack() { return files_.sync(pack_); }

    [[nodiscard]] Result<void> sync_keys() { return files_.sync(keys_); }

    /// True once a committed row names bytes of this pack, or may.
    bool is_named = false;

  private:
    FileOps& files_;
    PackName name_;
    File pack_, keys_;
    SecretBytes key_;
    std::int64_t end_ = file_header_size;
    std::int64_t slots_ = 0;
    std::int64_t slots_written_ = 0;
    std::string new_slots_;
};

/// The directory of a volume: makes packs. May be used from any thread.
class PackFolder {
  public:
    struct Options {
        std::string path;
        std::string volume;
        unsigned node = 0;
        std::int64_t last_number = 0;  ///< The greatest pack number that the database knows.
    };

    /// Makes the directory if it is missing. Errors: seal.full, seal.file. `files` outlives this.
    [[nodiscard]] static Result<std::unique_ptr<PackFolder>> open(const Options& options,
                                                                  std::string_view volumes_key,
                                                                  FileOps& files);

    PackFolder(Options options, std::string_view volumes_key, FileOps& files, std::int64_t next)
        : options_(std::move(options)), volumes_key_(volumes_key), files_(files), next_(next) {}

    /// A new pack, durable with its name and headers. Errors: seal.full, seal.file; then nothing is left behind.
    [[nodiscard]] Result<std::unique_ptr<Pack>> create_pack();
    /// Takes a failed pack away: its files go too if no row can name them, so that a full disk does not fill with empty packs.
    void abandon(std::unique_ptr<Pack> pack);

    [[nodiscard]] std::string keys_path(std::int64_t number) const {
        return path_of(number, ".keys");
    }

    [[nodiscard]] const std::string& volume() const { return options_.volume; }

  private:
    [[nodiscard]] std::string path_of(std::int64_t number, std::string_view ending) const {
        return options_.path + "/" + std::to_string(number).append(ending);
    }

    [[nodiscard]] Result<File> create_file(FileKind kind, const PackName& name);

    Options options_;
    std::string_view volumes_key_;
    FileOps& files_;
    std::atomic<std::int64_t> next_;
};

/// Packs for large records: each is written by one thread at a time, from compression to sync, without a buffer of the whole body.
/// May be used from any thread.
class LargePacks {
  public:
    LargePacks(PackFolder& folder, std::uint64_t max_pack_bytes)
        : folder_(folder), max_pack_bytes_(max_pack_bytes) {}

    /// Compresses, seals, writes and syncs `plain`. Errors: seal.full, seal.file.
    [[nodiscard]] Result<PreparedRecord> place(MessageId message,
                                               RecordKind kind,
                                               std::string_view plain,
                                               Random& random);

  private:
    [[nodiscard]] Result<std::unique_ptr<Pack>> take();
    void give(std::unique_ptr<Pack> pack);

    PackFolder& folder_;
    std::uint64_t max_pack_bytes_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Pack>> idle_;
};

}  // namespace bulla::seal

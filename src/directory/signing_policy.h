#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "names/domain.h"
#include "policy/dkimdomains.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace bulla::directory {

/// Where a signing policy in files lies: the settings dkim_policy_file and dkim_key_directory.
struct PolicyFiles {
    std::string policy;         ///< A dkimdomains file.
    std::string key_directory;  ///< In the layout of ssl/domainkeys.
    std::optional<DomainName>
        me;  ///< The mail server's own name, whose keys sign what no other key is for.
    std::vector<std::string>
        pkcs11_modules{};  ///< Libraries that files with the URI of a key in a token may name.
};

/// Who signs what by files: dkimdomains and the keys that it names. Keys are read when they are first asked for and kept; a reload reads those
/// anew whose files have changed. May be used from any thread.
class SigningPolicy {
  public:
    /// A key for a signature, and of which directory.
    struct Found {
        DomainName directory;
        std::shared_ptr<const crypto::Signer> key;
    };

    /// Reads the files. What cannot be read is told in `problems`, with file, line and column: then the policy of `previous` (null: none) stays
    /// in force if it was of the same file, else the result is broken(). Never null. Blocks.
    [[nodiscard]] static std::shared_ptr<const SigningPolicy> load(
        const PolicyFiles& files,
        const SigningPolicy* previous,
        std::vector<std::string>& problems);

    /// Why nothing can be decided; empty: it can.
    [[nodiscard]] const std::string& broken() const { return broken_; }

    [[nodiscard]] const PolicyFiles& files() const { return files_; }

    [[nodiscard]] const policy::DkimDomains& domains() const { return domains_; }

    /// The key of the first directory for `sender` (null: none) that is there. Errors: keydir.*, key.*, each with the path. Reads the file
    /// at the first call.
    [[nodiscard]] Result<Found> find_key(const DomainName* sender,
                                         const policy::PlannedSignature& planned) const;

  private:
    /// What tells a file from another that takes its place.
    struct FileState {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::int64_t size = 0;
        std::int64_t changed =
            0;  ///< ctime in nanoseconds: writing, renaming and chmod all set it.

        bool operator==(const FileState&) const = default;
    };

    struct Cached {
        FileState state;
        Result<std::shared_ptr<const crypto::Signer>> key;
    };

    [[nodiscard]] static FileState look(const std::string& path);
    void read_policy(const SigningPolicy* previous, std::vector<std::string>& problems);
    void read_directories(std::vector<std::string>& problems);
    void keep_keys(const SigningPolicy& previous);
    [[nodiscard]] Result<std::shared_ptr<const crypto::Signer>> load_key(
        const DomainName& directory, const policy::PlannedSignature& planned) const;

    PolicyFiles files_;
    policy::DkimDomains domains_;
    std::string broken_;
    std::set<std::string> directories_;
    mutable std::mutex mutex_;
    mutable std::unordered_map<std::string, Cached> keys_;  // by path and algorithm
};

}  // namespace bulla::directory

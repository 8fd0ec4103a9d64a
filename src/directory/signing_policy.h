#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "directory/snapshot.h"
#include "names/domain.h"
#include "policy/dkimdomains.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

namespace bulla::directory {

/// Where a signing policy and its keys come from.
struct PolicySource {
    std::string file;  ///< A dkimdomains file (setting dkim_policy_file); empty: `text`.
    std::string text;  ///< The policy of the instance itself (`bulla dkim policy set`).
    std::string
        key_directory;  ///< In the layout of ssl/domainkeys (setting dkim_key_directory); empty: none.
    std::optional<DomainName>
        me;  ///< The mail server's own name, whose keys sign what no other key is for.
    std::vector<std::string>
        pkcs11_modules{};  ///< Libraries that files with the URI of a key in a token may name.
};

/// The mail server's own name for PolicySource::me: hostname of bulla.toml.
[[nodiscard]] std::optional<DomainName> own_name(const config::Config& config);

/// Who signs what by dkimdomains, and the keys that it names: those of the key directory and those of the instance. Key files are read when
/// they are first asked for and kept; a reload reads those anew that have changed. May be used from any thread.
class SigningPolicy {
  public:
    /// A key for a signature, and whose it is.
    struct Found {
        DomainName owner;
        Selector selector;  ///< s=
        std::shared_ptr<const crypto::Signer> key;
        bool record_wrong = false;  ///< As DkimKey says; unknown of keys in files.
    };

    /// The keys of the instance: Snapshot::dkim_keys.
    using InstanceKeys = policy::ByName<std::vector<DkimKey>>;

    /// Reads the policy. What cannot be read is told in `problems`, with file, line and column: then the policy of `previous` (null: none)
    /// stays in force if it was of the same source, else the result is broken(). Never null. Blocks.
    [[nodiscard]] static std::shared_ptr<const SigningPolicy> load(
        PolicySource source, const SigningPolicy* previous, std::vector<std::string>& problems);

    /// Why nothing can be decided; empty: it can.
    [[nodiscard]] const std::string& broken() const { return broken_; }

    [[nodiscard]] const PolicySource& source() const { return source_; }

    [[nodiscard]] const policy::DkimDomains& domains() const { return *domains_; }

    /// The key for `planned` of the first owner for `sender` (null: none) who has keys in the key directory or, if not there, in `keys`. A
    /// selector that is `default` stands, among the keys of the instance, for the active one of its algorithm if none is called so: thus
    /// rotation needs no change of the policy. Errors: keydir.*, key.*, each with the path. Reads the file at the first call.
    [[nodiscard]] Result<Found> find_key(const DomainName* sender,
                                         const policy::PlannedSignature& planned,
                                         const InstanceKeys& keys) const;

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
        policy::PlannedSignature planned;
        FileState state;
        Result<std::shared_ptr<const crypto::Signer>> key;
    };

    /// A folder of the key directory.
    struct Folder {
        DomainName domain;
        mutable std::vector<Cached> keys;  // under mutex_
    };

    [[nodiscard]] static FileState look(const std::string& path);
    [[nodiscard]] std::string key_path(const Folder& folder,
                                       const policy::PlannedSignature& planned) const;
    void read_policy(const SigningPolicy* previous, std::vector<std::string>& problems);
    void read_folders(std::vector<std::string>& problems);
    void keep_keys(const SigningPolicy& previous);
    [[nodiscard]] Result<std::shared_ptr<const crypto::Signer>> load_key(
        const Folder& folder, const policy::PlannedSignature& planned) const;

    PolicySource source_;
    std::shared_ptr<const policy::DkimDomains> domains_;  // never null
    FileState state_;                                     // of the policy file
    std::string broken_;
    policy::ByName<Folder> folders_;  // by DomainName::ascii()
    mutable std::shared_mutex mutex_;
};

}  // namespace bulla::directory

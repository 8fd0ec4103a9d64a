#include "directory/signing_policy.h"

#include "base/file.h"
#include "keydir/load.h"
#include "pkcs11/token_key.h"
#include "policy/plan.h"

#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <utility>

namespace bulla::directory {

std::shared_ptr<const SigningPolicy> SigningPolicy::load(const PolicyFiles& files,
                                                         const SigningPolicy* previous,
                                                         std::vector<std::string>& problems) {
    auto made = std::make_shared<SigningPolicy>();
    made->files_ = files;
    const bool same =
        previous != nullptr && previous->broken_.empty() && previous->files_.policy == files.policy;
    made->read_policy(same ? previous : nullptr, problems);
    made->read_directories(problems);
    if (previous != nullptr && previous->files_.key_directory == files.key_directory) {
        made->keep_keys(*previous);
    }
    return made;
}

void SigningPolicy::read_policy(const SigningPolicy* previous, std::vector<std::string>& problems) {
    const auto text =
        load_secret_file(files_.policy, policy::PolicyLimits{}.most_octets, FileAccess::anybody);
    auto read = text ? policy::read_dkimdomains(text->view(), files_.policy)
                     : Result<policy::DkimDomains>(std::unexpected(text.error()));
    if (read) {
        domains_ = *std::move(read);
        return;
    }
    if (previous != nullptr) {
        domains_ = previous->domains_;
        problems.push_back(fmt::format("the signing policy as it was before stays in force: {}",
                                       read.error().text));
        return;
    }
    broken_ = read.error().text;
    problems.push_back(fmt::format(
        "mail that goes out is put off until the signing policy can be read: {}", broken_));
}

void SigningPolicy::read_directories(std::vector<std::string>& problems) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(files_.key_directory, error), end;
         !error && at != end;
         at.increment(error)) {
        directories_.insert(at->path().filename().string());
    }
    if (error) {
        problems.push_back(fmt::format(
            "the key directory {} cannot be read: {}", files_.key_directory, error.message()));
    }
}

SigningPolicy::FileState SigningPolicy::look(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        return {};
    }
    return {.device = status.st_dev,
            .inode = status.st_ino,
            .size = status.st_size,
            .changed = status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec};
}

void SigningPolicy::keep_keys(const SigningPolicy& previous) {
    const std::scoped_lock lock(previous.mutex_);
    for (const auto& [name, cached] : previous.keys_) {
        // What could not be used may be mended by what look() does not see, such as the mode of a folder.
        if (cached.key && look(name.substr(0, name.find('\n'))) == cached.state) {
            keys_.emplace(name, cached);
        }
    }
}

Result<std::shared_ptr<const crypto::Signer>> SigningPolicy::load_key(
    const DomainName& directory, const policy::PlannedSignature& planned) const {
    const keydir::KeyDirectory keys{.path = files_.key_directory};
    const auto path = keydir::key_path(keys, directory, planned.selector);
    const auto name = fmt::format("{}\n{}", path, dkim::to_string(planned.algorithm));
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = keys_.find(name); found != keys_.end()) {
            return found->second.key;
        }
    }
    // Looked at first: a file that takes its place meanwhile is then read anew at the next reload.
    const auto state = look(path);
    const auto open =
        [this](const std::string& uri) -> Result<std::shared_ptr<const crypto::Signer>> {
        return pkcs11::TokenKey::open(uri, {.modules = files_.pkcs11_modules});
    };
    // Without the lock: a token may take its time.
    auto key = keydir::load_signer(keys, directory, planned.selector, planned.algorithm, open);
    // A token that is away may be back for the next message, without a reload.
    if (!key && key.error().code.starts_with("pkcs11.")) {
        return key;
    }
    const std::scoped_lock lock(mutex_);
    return keys_.emplace(name, Cached{state, std::move(key)}).first->second.key;
}

Result<SigningPolicy::Found> SigningPolicy::find_key(
    const DomainName* sender, const policy::PlannedSignature& planned) const {
    for (const auto& directory : policy::key_directories(sender, files_.me)) {
        if (!directories_.contains(directory.ascii())) {
            continue;
        }
        BULLA_TRY(key, load_key(directory, planned));
        return Found{directory, key};
    }
    return fail("keydir.absent",
                Fault::us,
                fmt::format("{} has no directory of keys for {}",
                            files_.key_directory,
                            sender == nullptr ? "mail without a sender" : sender->ascii()));
}

}  // namespace bulla::directory

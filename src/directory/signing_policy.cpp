#include "directory/signing_policy.h"

#include "base/file.h"
#include "keydir/load.h"
#include "pkcs11/token_key.h"
#include "policy/plan.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <sys/stat.h>
#include <utility>

namespace bulla::directory {
namespace {

bool is_same(const policy::PlannedSignature& one, const policy::PlannedSignature& other) {
    return one.algorithm == other.algorithm && one.selector == other.selector;
}

dkim::Algorithm algorithm_of(const DkimKey& key) {
    return key.signer->public_key().type() == crypto::KeyType::ed25519
               ? dkim::Algorithm::ed25519_sha256
               : dkim::Algorithm::rsa_sha256;
}

// Null if none of `keys` is meant.
const DkimKey* find_instance_key(const std::vector<DkimKey>& keys,
                                 const policy::PlannedSignature& planned) {
    const DkimKey* stand_in = nullptr;
    for (const auto& key : keys) {
        if (algorithm_of(key) != planned.algorithm) {
            continue;
        }
        if (key.selector == planned.selector) {
            return &key;
        }
        if (stand_in == nullptr) {
            stand_in = &key;
        }
    }
    return planned.selector.text() == "default" ? stand_in : nullptr;
}

std::string shown(const DomainName* sender) {
    return sender == nullptr ? "mail without a sender" : sender->ascii();
}

}  // namespace

std::optional<DomainName> own_name(const config::Config& config) {
    auto name = DomainName::parse(config.hostname);
    return name ? std::optional(*std::move(name)) : std::nullopt;
}

std::shared_ptr<const SigningPolicy> SigningPolicy::load(PolicySource source,
                                                         const SigningPolicy* previous,
                                                         std::vector<std::string>& problems) {
    auto made = std::make_shared<SigningPolicy>();
    made->source_ = std::move(source);
    const bool same = previous != nullptr && previous->broken_.empty() &&
                      previous->source_.file == made->source_.file;
    made->read_policy(same ? previous : nullptr, problems);
    if (!made->source_.key_directory.empty()) {
        made->read_folders(problems);
        if (previous != nullptr && previous->source_.key_directory == made->source_.key_directory) {
            made->keep_keys(*previous);
        }
    }
    return made;
}

void SigningPolicy::read_policy(const SigningPolicy* previous, std::vector<std::string>& problems) {
    const bool of_file = !source_.file.empty();
    // Looked at first: a file that takes its place meanwhile is then read anew at the next reload.
    state_ = of_file ? look(source_.file) : FileState{};
    const bool unchanged =
        previous != nullptr && (of_file ? state_ == previous->state_ && state_ != FileState{}
                                        : source_.text == previous->source_.text);
    if (unchanged) {
        domains_ = previous->domains_;
        return;
    }
    const auto read = [this, of_file] -> Result<policy::DkimDomains> {
        if (!of_file) {
            return policy::read_dkimdomains(source_.text, "dkim policy");
        }
        BULLA_TRY(text,
                  load_secret_file(
                      source_.file, policy::PolicyLimits{}.most_octets, FileAccess::anybody));
        return policy::read_dkimdomains(text.view(), source_.file);
    };
    auto domains = read();
    if (domains) {
        domains_ = std::make_shared<const policy::DkimDomains>(*std::move(domains));
        return;
    }
    if (previous != nullptr) {
        domains_ = previous->domains_;
        // Read again at the next reload, though the file may not have changed: the problem is to be told as long as there is one.
        state_ = {};
        problems.push_back(fmt::format("the signing policy as it was before stays in force: {}",
                                       domains.error().text));
        return;
    }
    domains_ = std::make_shared<const policy::DkimDomains>();
    broken_ = domains.error().text;
    problems.push_back(fmt::format(
        "mail that goes out is put off until the signing policy can be read: {}", broken_));
}

void SigningPolicy::read_folders(std::vector<std::string>& problems) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(source_.key_directory, error), end;
         !error && at != end;
         at.increment(error)) {
        auto name = at->path().filename().string();
        if (auto domain = DomainName::parse(name); domain && domain->ascii() == name) {
            folders_.emplace(std::move(name), Folder{.domain = *std::move(domain), .keys = {}});
        }
    }
    if (error) {
        problems.push_back(fmt::format(
            "the key directory {} cannot be read: {}", source_.key_directory, error.message()));
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

std::string SigningPolicy::key_path(const Folder& folder,
                                    const policy::PlannedSignature& planned) const {
    return keydir::key_path({.path = source_.key_directory}, folder.domain, planned.selector);
}

void SigningPolicy::keep_keys(const SigningPolicy& previous) {
    const std::shared_lock lock(previous.mutex_);
    for (auto& [name, folder] : folders_) {
        const auto before = previous.folders_.find(name);
        if (before == previous.folders_.end()) {
            continue;
        }
        for (const auto& cached : before->second.keys) {
            // What could not be used may be mended by what look() does not see, such as the mode of a folder.
            if (cached.key && look(key_path(folder, cached.planned)) == cached.state) {
                folder.keys.push_back(cached);
            }
        }
    }
}

Result<std::shared_ptr<const crypto::Signer>> SigningPolicy::load_key(
    const Folder& folder, const policy::PlannedSignature& planned) const {
    const auto find = [&] {
        return std::ranges::find_if(
            folder.keys, [&](const Cached& one) { return is_same(one.planned, planned); });
    };
    {
        const std::shared_lock lock(mutex_);
        if (const auto found = find(); found != folder.keys.end()) {
            return found->key;
        }
    }
    // Read without the lock: a slow disk or token holds up only who needs this key. Looked at first, as the policy is.
    const auto state = look(key_path(folder, planned));
    const auto open =
        [this](const std::string& uri) -> Result<std::shared_ptr<const crypto::Signer>> {
        return pkcs11::TokenKey::open(uri, {.modules = source_.pkcs11_modules});
    };
    auto key = keydir::load_signer(
        {.path = source_.key_directory}, folder.domain, planned.selector, planned.algorithm, open);
    // A token that is away may be back for the next message, without a reload.
    if (!key && key.error().code.starts_with("pkcs11.")) {
        return key;
    }
    const std::unique_lock lock(mutex_);
    if (const auto found = find(); found != folder.keys.end()) {
        return found->key;
    }
    folder.keys.push_back({.planned = planned, .state = state, .key = key});
    return key;
}

Result<SigningPolicy::Found> SigningPolicy::find_key(const DomainName* sender,
                                                     const policy::PlannedSignature& planned,
                                                     const InstanceKeys& keys) const {
    std::optional<Result<Found>> out;
    policy::visit_key_directories(sender, source_.me, [&](std::string_view name) {
        if (const auto folder = folders_.find(name); folder != folders_.end()) {
            auto key = load_key(folder->second, planned);
            out =
                key ? Result<Found>(Found{folder->second.domain, planned.selector, *std::move(key)})
                    : std::unexpected(std::move(key).error());
        }
        if (const auto own = keys.find(name); own != keys.end() && !(out && *out)) {
            if (const auto* key = find_instance_key(own->second, planned)) {
                out = Found{key->domain, key->selector, key->signer, key->record_wrong};
            }
        }
        return out.has_value();
    });
    if (out) {
        return *std::move(out);
    }
    return fail(
        "keydir.absent",
        Fault::us,
        source_.key_directory.empty()
            ? fmt::format(
                  "the instance has no key {} for {}", planned.selector.text(), shown(sender))
            : fmt::format("neither {} nor the instance has keys for {}",
                          source_.key_directory,
                          shown(sender)));
}

}  // namespace bulla::directory

#include "keydir/load.h"

#include "base/system_text.h"

#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::keydir {

namespace {

using Status = struct stat;

std::unexpected<Error> refuse(std::string_view code, std::string text) {
    return fail(code, Fault::us, std::move(text));
}

std::string target_of(const std::string& path) {
    std::array<char, 4096> target{};
    const auto size = ::readlink(path.c_str(), target.data(), target.size());
    return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : std::string{};
}

// stat(2) with the reasons that a chain of links has for not being there.
Result<Status> look(const std::string& path) {
    Status status{};
    if (::stat(path.c_str(), &status) == 0) {
        return status;
    }
    const int error = errno;
    Status link{};
    if (error == ELOOP) {
        return refuse("keydir.loop", fmt::format("{}: the symbolic links go in a circle", path));
    }
    if (error == ENOENT && ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) {
        return refuse("keydir.dangling",
                      fmt::format("{} is a link to {}, which is not there", path, target_of(path)));
    }
    if (error == ENOENT || error == ENOTDIR) {
        return refuse("keydir.absent", fmt::format("{} is not there", path));
    }
    return refuse("keydir.unreadable", fmt::format("cannot read {}: {}", path, system_text(error)));
}

Result<void> check_folder(const std::string& path, uid_t owner) {
    BULLA_TRY(status, look(path));
    if (!S_ISDIR(status.st_mode)) {
        return refuse("keydir.not_regular", fmt::format("{} is not a directory", path));
    }
    if ((status.st_mode & S_IWOTH) != 0) {
        return refuse("keydir.open_to_others",
                      fmt::format("others can write to {}: chmod o-w {}", path, path));
    }
    if (status.st_uid != 0 && status.st_uid != ::geteuid() && status.st_uid != owner) {
        return refuse(
            "keydir.owner",
            fmt::format("{} belongs to user {}, who is none of root, this program and the "
                        "owner of the key directory",
                        path,
                        status.st_uid));
    }
    return {};
}

Result<void> check_file(const std::string& path, uid_t owner, bool allow_readable) {
    BULLA_TRY(status, look(path));
    if (!S_ISREG(status.st_mode)) {
        return refuse("keydir.not_regular", fmt::format("{} is not a file", path));
    }
    const mode_t forbidden = S_IWGRP | S_IWOTH | (allow_readable ? 0 : S_IRGRP | S_IROTH);
    if ((status.st_mode & forbidden) != 0) {
        return refuse("keydir.open_to_others",
                      fmt::format("{} holds a private key and its mode {:04o} lets others at it: "
                                  "chmod 600 {}",
                                  path,
                                  status.st_mode & 07777U,
                                  path));
    }
    if (status.st_uid != 0 && status.st_uid != ::geteuid() && status.st_uid != owner) {
        return refuse(
            "keydir.owner",
            fmt::format("{} belongs to user {}, who is none of root, this program and the "
                        "owner of the key directory",
                        path,
                        status.st_uid));
    }
    return {};
}

std::string folder_path(const KeyDirectory& directory, const DomainName& domain) {
    return directory.path + "/" + domain.ascii();
}

}  // namespace

bool has_domain(const KeyDirectory& directory, const DomainName& domain) {
    Status status{};
    // A link that leads nowhere is there and wrong: it is not passed over in favour of another domain's key.
    return ::lstat(folder_path(directory, domain).c_str(), &status) == 0 || errno != ENOENT;
}

std::string key_path(const KeyDirectory& directory,
                     const DomainName& domain,
                     const Selector& selector) {
    return folder_path(directory, domain) + "/" + selector.text();
}

Result<std::shared_ptr<crypto::PrivateKey>> load_key(const KeyDirectory& directory,
                                                     const DomainName& domain,
                                                     const Selector& selector,
                                                     dkim::Algorithm algorithm) {
    BULLA_TRY(top, look(directory.path));
    BULLA_CHECK(check_folder(directory.path, top.st_uid));
    BULLA_CHECK(check_folder(folder_path(directory, domain), top.st_uid));
    const std::string path = key_path(directory, domain, selector);
    BULLA_CHECK(check_file(path, top.st_uid, directory.allow_readable));
    // The file that is opened is judged again, for it may be another one by now.
    BULLA_TRY(key, crypto::load_private_key(path, directory.allow_readable));
    const auto wanted = algorithm == dkim::Algorithm::ed25519_sha256 ? crypto::KeyType::ed25519
                                                                     : crypto::KeyType::rsa;
    if (key->public_key().type() != wanted) {
        return refuse("keydir.wrong_type",
                      fmt::format("{} holds a key of type {}, and {} needs one of type {}",
                                  path,
                                  crypto::to_string(key->public_key().type()),
                                  dkim::to_string(algorithm),
                                  crypto::to_string(wanted)));
    }
    return std::move(key);
}

}  // namespace bulla::keydir

#include "keydir/load.h"

#include "base/file.h"
#include "base/system_text.h"

#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <optional>
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

// The path of the key, once the way to it is known to be ours.
Result<std::string> find_key(const KeyDirectory& directory,
                             const DomainName& domain,
                             const Selector& selector) {
    BULLA_TRY(top, look(directory.path));
    BULLA_CHECK(check_folder(directory.path, top.st_uid));
    BULLA_CHECK(check_folder(folder_path(directory, domain), top.st_uid));
    std::string path = key_path(directory, domain, selector);
    BULLA_CHECK(check_file(path, top.st_uid, directory.allow_readable));
    return path;
}

// The URI of a key in a token that the file names; nullopt: it is to hold the key itself.
Result<std::optional<std::string>> read_token_uri(const std::string& path, bool allow_readable) {
    constexpr std::size_t most_octets = 4096;
    const auto text = load_secret_file(
        path, most_octets, allow_readable ? FileAccess::anybody : FileAccess::owner_only);
    if (!text || !text->view().starts_with("pkcs11:")) {
        return std::nullopt;  // Whatever is wrong with it, who reads a key there says it.
    }
    std::string_view line = text->view();
    line = line.substr(0, line.find_last_not_of("\r\n") + 1);
    if (line.find_first_of("\r\n") != std::string_view::npos) {
        return refuse("keydir.bad_uri",
                      fmt::format("{} holds more than the one line with the URI of a key", path));
    }
    return std::string(line);
}

Result<void> check_type(const crypto::PublicKey& key,
                        dkim::Algorithm algorithm,
                        const std::string& path) {
    const auto wanted = algorithm == dkim::Algorithm::ed25519_sha256 ? crypto::KeyType::ed25519
                                                                     : crypto::KeyType::rsa;
    if (key.type() != wanted) {
        return refuse("keydir.wrong_type",
                      fmt::format("{} holds a key of type {}, and {} needs one of type {}",
                                  path,
                                  crypto::to_string(key.type()),
                                  dkim::to_string(algorithm),
                                  crypto::to_string(wanted)));
    }
    return {};
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
    BULLA_TRY(path, find_key(directory, domain, selector));
    BULLA_TRY(uri, read_token_uri(path, directory.allow_readable));
    if (uri) {
        return refuse("keydir.in_token",
                      fmt::format("{} names a key in a PKCS#11 token: this program signs with keys "
                                  "in files alone (`bulla serve` can use it)",
                                  path));
    }
    // The file that is opened is judged again, for it may be another one by now.
    BULLA_TRY(key, crypto::load_private_key(path, directory.allow_readable));
    BULLA_CHECK(check_type(key->public_key(), algorithm, path));
    return std::move(key);
}

Result<std::shared_ptr<const crypto::Signer>> load_signer(const KeyDirectory& directory,
                                                          const DomainName& domain,
                                                          const Selector& selector,
                                                          dkim::Algorithm algorithm,
                                                          const OpenToken& open) {
    BULLA_TRY(path, find_key(directory, domain, selector));
    BULLA_TRY(uri, read_token_uri(path, directory.allow_readable));
    if (!uri) {
        return load_key(directory, domain, selector, algorithm);
    }
    auto key = open(*uri);
    if (!key) {
        auto error = std::move(key).error();
        error.text = fmt::format("{}: {}", path, error.text);
        return std::unexpected(std::move(error));
    }
    BULLA_CHECK(check_type((*key)->public_key(), algorithm, path));
    return key;
}

}  // namespace bulla::keydir

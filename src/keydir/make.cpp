#include "keydir/make.h"

#include "base/encoding.h"
#include "base/system_text.h"
#include "dkim/key_record.h"
#include "dkim/keygen.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace bulla::keydir {

namespace {

struct Owner {
    uid_t user = static_cast<uid_t>(-1);  // chown(2): as it is
    gid_t group = static_cast<gid_t>(-1);
};

Result<Owner> find_owner(const std::string& name) {
    if (name.empty()) {
        return Owner{};
    }
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> buffer{};
    if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
        found == nullptr) {
        return fail("keydir.no_user", Fault::us, fmt::format("there is no user {}", name));
    }
    return Owner{.user = entry.pw_uid, .group = entry.pw_gid};
}

std::unexpected<Error> unwritable(const std::string& path, int error) {
    return error == EEXIST
               ? fail("file.exists",
                      Fault::us,
                      fmt::format("{} exists already: choose a new selector", path))
               : fail("file.unwritable",
                      Fault::us,
                      fmt::format("{} cannot be written: {}", path, system_text(error)));
}

// What was made so far, taken away again unless all of it was.
class Undo {
  public:
    Undo() = default;
    Undo(const Undo&) = delete;
    Undo& operator=(const Undo&) = delete;

    ~Undo() {
        for (const std::string& path : paths_) {
            (void)::unlink(path.c_str());
        }
    }

    void add(std::string path) { paths_.push_back(std::move(path)); }

    void forget() { paths_.clear(); }

  private:
    std::vector<std::string> paths_;
};

Result<void> make_folder(const std::string& path, const Owner& owner) {
    if (::mkdir(path.c_str(), 0700) != 0) {
        return errno == EEXIST ? Result<void>{} : Result<void>(unwritable(path, errno));
    }
    if (::lchown(path.c_str(), owner.user, owner.group) != 0) {
        return unwritable(path, errno);
    }
    return {};
}

Result<void> make_folders(const std::string& path, const Owner& owner) {
    for (std::size_t end = path.find('/', 1); end != std::string::npos;
         end = path.find('/', end + 1)) {
        BULLA_CHECK(make_folder(path.substr(0, end), owner));
    }
    return make_folder(path, owner);
}

Result<void> write_file(const std::string& path,
                        std::string_view content,
                        mode_t mode,
                        const Owner& owner,
                        Undo& undo) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) {
        return unwritable(path, errno);
    }
    undo.add(path);
    int error = 0;
    while (!content.empty() && error == 0) {
        const auto written = ::write(file, content.data(), content.size());
        if (written > 0) {
            content.remove_prefix(static_cast<std::size_t>(written));
        } else if (written == 0 || errno != EINTR) {
            error = written == 0 ? EIO : errno;
        }
    }
    if (error == 0 && (::fchown(file, owner.user, owner.group) != 0 || ::fsync(file) != 0)) {
        error = errno;
    }
    if (::close(file) != 0 && error == 0) {
        error = errno;
    }
    return error == 0 ? Result<void>{} : Result<void>(unwritable(path, error));
}

}  // namespace

Result<MadeKey> make_key(const MakeOptions& options) {
    BULLA_TRY(owner, find_owner(options.owner));
    BULLA_TRY(key, dkim::make_key(options.type, options.bits));
    const crypto::PublicKey& half = key->public_key();
    BULLA_TRY(record, dkim::write_key_record(half));
    const std::string folder = options.directory + "/" + options.domain.ascii();
    const std::string type(crypto::to_string(options.type));
    const std::string target = type + ".private_" + options.selector.text();
    MadeKey made{
        .private_file = folder + "/" + target,
        .public_file = fmt::format("{}/{}.public_{}", folder, type, options.selector.text()),
        .link = folder + "/" + options.selector.text(),
        .zone_line = dkim::write_zone_line(
            options.selector.text() + "._domainkey." + options.domain.ascii(), record),
        .fingerprint = half.fingerprint()};
    BULLA_CHECK(make_folders(folder, owner));
    Undo undo;
    BULLA_CHECK(write_file(made.private_file, key->pem().view(), 0600, owner, undo));
    const std::string text =
        base64_encode(options.type == crypto::KeyType::ed25519 ? half.ed25519_raw() : half.der());
    BULLA_CHECK(write_file(made.public_file, text + "\n", 0644, owner, undo));
    if (::symlink(target.c_str(), made.link.c_str()) != 0) {
        return unwritable(made.link, errno);
    }
    undo.add(made.link);
    if (::lchown(made.link.c_str(), owner.user, owner.group) != 0) {
        return unwritable(made.link, errno);
    }
    undo.forget();
    return made;
}

}  // namespace bulla::keydir

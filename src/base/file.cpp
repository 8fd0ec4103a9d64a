#include "base/file.h"

#include "base/system_text.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    ~Descriptor() {
        if (number_ >= 0) {
            close(number_);
        }
    }

    [[nodiscard]] int number() const { return number_; }

  private:
    int number_;
};

std::unexpected<Error> unreadable(const std::string& path, int error) {
    return fail(
        "file.unreadable", Fault::us, fmt::format("cannot read {}: {}", path, system_text(error)));
}

}  // namespace

Result<SecretBytes> load_secret_file(const std::string& path,
                                     std::size_t limit,
                                     FileAccess access) {
    // O_NONBLOCK: a FIFO in the place of the file must not hang the program.
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat status{};
    if (file.number() < 0 || fstat(file.number(), &status) != 0) {
        return unreadable(path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return fail("file.not_regular", Fault::us, fmt::format("{} is not a regular file", path));
    }
    if (access == FileAccess::owner_only && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fail(
            "file.world_readable",
            Fault::us,
            fmt::format("{} holds a secret and its mode {:04o} lets others at it: chmod 600 {}",
                        path,
                        status.st_mode & 07777U,
                        path));
    }
    // The length is never trusted: the buffer holds one octet more than may be there, and is never reallocated (a copy would stay behind).
    std::string bytes(limit + 1, '\0');
    std::size_t used = 0;
    while (used < bytes.size()) {
        const auto got = read(file.number(), bytes.data() + used, bytes.size() - used);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            const auto error = errno;
            wipe(bytes.data(), bytes.size());
            return unreadable(path, error);
        }
        used += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    if (used > limit) {
        wipe(bytes.data(), bytes.size());
        return fail(
            "file.too_large", Fault::us, fmt::format("{} is larger than {} octets", path, limit));
    }
    bytes.resize(used);
    return SecretBytes(std::move(bytes));
}

}  // namespace bulla

#include "services/lock.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace bulla::services {
namespace {

constexpr std::chrono::milliseconds between_tries{10};

}  // namespace

Result<InstanceLock> InstanceLock::take(const std::string& state_path,
                                        std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const std::string path = state_path + "/lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(
            "instance.no_state",
            Fault::us,
            path + ": cannot be opened: is this an instance (`bulla init`), and is it yours?");
    }
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR && std::chrono::steady_clock::now() >= deadline) {
            ::close(fd);
            return fail(
                "instance.locked", Fault::temporary, path + ": another process owns the instance");
        }
        std::this_thread::sleep_for(between_tries);
    }
    return InstanceLock(fd);
}

InstanceLock::~InstanceLock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

}  // namespace bulla::services

#include "services/lock.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace bulla::services {

Result<InstanceLock> InstanceLock::take(const std::string& state_path) {
    const std::string path = state_path + "/lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(
            "instance.no_state",
            Fault::us,
            path + ": cannot be opened: is this an instance (`bulla init`), and is it yours?");
    }
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR) {
            ::close(fd);
            return fail(
                "instance.locked", Fault::temporary, path + ": another process owns the instance");
        }
    }
    return InstanceLock(fd);
}

InstanceLock::~InstanceLock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

}  // namespace bulla::services

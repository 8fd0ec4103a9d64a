#include "services/lock.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <thread>
#include <tuple>
#include <unistd.h>

namespace bulla::services {
namespace {

constexpr std::chrono::milliseconds between_tries{10};

/// The process number that the owner left; empty if there is none.
std::string read_owner(int fd) {
    std::array<char, 16> text{};
    const auto count = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view said(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    const auto digits = said.substr(0, said.find('\n'));
    return digits.find_first_not_of("0123456789") == std::string_view::npos ? std::string(digits)
                                                                            : std::string();
}

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
            const auto owner = read_owner(fd);
            ::close(fd);
            return fail("instance.locked",
                        Fault::temporary,
                        path + ": the instance is locked by " +
                            (owner.empty() ? "another process" : "pid " + owner));
        }
        std::this_thread::sleep_for(between_tries);
    }
    // Who holds it, for those who ask in vain; the lock itself does not depend on it.
    const auto pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd, 0) != 0 ||
        ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        std::ignore = ::ftruncate(fd, 0);
    }
    return InstanceLock(fd);
}

InstanceLock::~InstanceLock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

}  // namespace bulla::services

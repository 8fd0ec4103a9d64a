#include "app/process.h"

#include "base/log.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace bulla::app {

void harden_process() {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        log::warning("process.not_hardened", {{"reason", std::generic_category().message(errno)}});
    }
}

Result<void> drop_privileges(const std::string& user) {
    if (user.empty()) {
        return {};
    }
    const auto cannot = [&](std::string_view what) {
        return fail("process.cannot_drop",
                    Fault::us,
                    fmt::format("cannot become the user {} (setting user): {}", user, what));
    };
    const passwd* entry =
        getpwnam(user.c_str());  // NOLINT(concurrency-mt-unsafe): before any thread
    if (entry == nullptr) {
        return cannot("there is no such user");
    }
    if (geteuid() == entry->pw_uid) {
        return {};
    }
    if (initgroups(user.c_str(), entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
        setuid(entry->pw_uid) != 0) {
        return cannot(std::generic_category().message(errno));
    }
    // A process that can come back to root has not dropped it.
    if (setuid(0) == 0) {
        return cannot("root could be had back");
    }
    // setuid makes the process dumpable again where the kernel's suid_dumpable says so.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return {};
}

Result<SocketOwner> find_socket_owner(const std::string& user, const std::string& group) {
    SocketOwner owner;
    if (!user.empty()) {
        // One caller at a time: at the start, or under the lock of changes.
        const passwd* entry = getpwnam(user.c_str());  // NOLINT(concurrency-mt-unsafe)
        if (entry == nullptr) {
            return fail("process.no_user", Fault::us, fmt::format("there is no user {}", user));
        }
        owner = {.user = entry->pw_uid, .group = entry->pw_gid};
    }
    if (!group.empty()) {
        const auto* entry = getgrnam(group.c_str());  // NOLINT(concurrency-mt-unsafe)
        if (entry == nullptr) {
            return fail("process.no_user",
                        Fault::us,
                        fmt::format("there is no group {} (socket_group)", group));
        }
        owner.group = entry->gr_gid;
    }
    return owner;
}

void notify_service_manager(std::string_view state) {
    // Nothing sets the environment.
    const char* path = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe)
    if (path == nullptr || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t size = std::strlen(path);
    if (size >= sizeof address.sun_path) {
        return;
    }
    std::memcpy(address.sun_path, path, size);
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
    }
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    if (sendto(fd,
               state.data(),
               state.size(),
               MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address),
               length) < 0) {
        log::warning("process.notify_failed", {{"reason", std::generic_category().message(errno)}});
    }
    close(fd);
}

void hold_signals(bool hold) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&signals, signal);
    }
    pthread_sigmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &signals, nullptr);
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            log::warning("process.descriptor_limit",
                         {{"reason", std::generic_category().message(errno)}});
        }
    }
}

}  // namespace bulla::app

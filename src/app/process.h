#pragma once
#include "base/error.h"

#include <optional>
#include <string>
#include <string_view>

namespace bulla::app {

/// Keeps secrets out of core dumps and other processes' reach: not dumpable, no core, no new privileges. Call first.
void harden_process();

/// Becomes `user` for good (with their groups); does nothing when `user` is empty or already the one. Error: process.cannot_drop.
[[nodiscard]] Result<void> drop_privileges(const std::string& user);

/// Whose a unix socket shall be.
struct SocketOwner {
    std::optional<unsigned> user;  ///< None: the process's.
    std::optional<unsigned> group;
};

/// `user`, whom the daemon becomes, and `group`, or that user's own group if it is empty. Error: process.no_user.
[[nodiscard]] Result<SocketOwner> find_socket_owner(const std::string& user,
                                                    const std::string& group);

/// Tells the service manager about a change of state (sd_notify(3)): "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=…". Nothing happens without one.
void notify_service_manager(std::string_view state);

/// Holds back (or lets through again) SIGTERM, SIGINT and SIGHUP for the calling thread and those it starts later: what comes meanwhile
/// waits. So a signal during start-up is acted on when the daemon runs, and one during its end does not cut that short.
void hold_signals(bool hold);

/// Raises the soft limit of open files to the hard one: each connection takes one.
void raise_descriptor_limit();

}  // namespace bulla::app

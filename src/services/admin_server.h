#pragma once
#include "base/error.h"
#include "services/service.h"

#include <memory>
#include <string>
#include <thread>

namespace bulla::services {

/// The daemon's end of state/admin.sock: takes one request at a time on a thread of its own, from root and the daemon's own user only
/// (the kernel says who is at the other end), and runs it as a service. Requests have 10 seconds to arrive.
class AdminServer {
  public:
    /// Binds `path` with permissions 0600, replacing a socket left behind (the lock on state/lock says that nobody else serves it).
    /// `context` outlives the server. Errors: admin.bind, admin.path_too_long.
    [[nodiscard]] static Result<std::unique_ptr<AdminServer>> start(const std::string& path,
                                                                    ServiceContext& context);
    /// Lets the request at hand end, then stops and removes the socket.
    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

  private:
    AdminServer(
        std::string path, int listener, int stop_read, int stop_write, ServiceContext& context);
    void run();
    void serve(int socket);

    std::string path_;
    int listener_;
    int stop_read_;
    int stop_write_;
    ServiceContext& context_;
    std::thread thread_;
};

}  // namespace bulla::services

#pragma once
#include "base/error.h"
#include "net/endpoint.h"
#include "net/runtime.h"
#include "net/stream.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace bulla::net {

struct ListenOptions {
    int backlog = 512;
    unsigned unix_mode = 0660;                ///< Permissions of a unix socket.
    std::optional<unsigned> unix_owner = {};  ///< User id it shall belong to; none: the process's.
    std::optional<unsigned> unix_group = {};  ///< The same for its group.
};

/// A socket that takes connections. Bound at once (while there may still be the right to low ports), served later. Sockets are not
/// inherited by child processes.
class Listener {
  public:
    /// Serves one connection; the stream is closed when it returns.
    using Serve = std::function<Task<void>(std::unique_ptr<Stream>)>;

    /// Binds. "[::]:25" takes IPv6 alone, "*:25" both families. A unix socket that nobody listens on is replaced.
    /// Errors: net.in_use, net.not_permitted, net.bind.
    [[nodiscard]] static Result<Listener> bind(const Endpoint& endpoint,
                                               const ListenOptions& options = {});
    ~Listener();
    Listener(Listener&&) noexcept;
    Listener& operator=(Listener&&) noexcept;

    /// Where it is bound: port 0 became a real one.
    [[nodiscard]] const Endpoint& local() const;
    /// Accepts connections from now on and spawns `serve` for each, on the io threads in turn. When the process is out of descriptors
    /// it waits a moment instead of spinning. `name` is for the log.
    void serve(Runtime& runtime, Serve serve, std::string name);
    /// Takes no more connections; those that stand go on. From any thread.
    void close();

  private:
    struct Impl;
    explicit Listener(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace bulla::net

#pragma once
#include "config/config.h"
#include "gateway/doors/milter_door.h"
#include "gateway/doors/smtp_door.h"
#include "net/listener.h"
#include "net/runtime.h"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bulla::app {

/// All doors of the daemon, as bulla.toml names them. Any thread. Destroy it after the Runtime's run.
class Doors {
  public:
    /// `user`: who the daemon becomes; unix sockets are theirs.
    Doors(net::Runtime& runtime,
          gateway::DoorContext context,
          gateway::MilterContext milter_context,
          std::string user)
        : runtime_(runtime),
          context_(std::move(context)),
          milter_context_(std::move(milter_context)),
          user_(std::move(user)) {}

    /// Binds the socket of `listener`. Errors: net.bad_endpoint, those of net::Listener::bind, process.no_user (its group is unknown).
    [[nodiscard]] static Result<net::Listener> bind(const config::Listener& listener,
                                                    const std::string& user);

    /// Takes connections at `socket` from now on. Before or during the Runtime's run.
    void open(const config::Listener& listener, net::Listener socket);
    /// Follows a bulla.toml that was read again: opens what is new, takes no more connections where nothing stands any more, and lets new
    /// sessions follow what changed; sessions that stand go on as they began. What cannot be opened, such as a port below 1024 after
    /// root was given up, is told in the result, a sentence each, and in the log; the rest holds. Blocks.
    [[nodiscard]] std::vector<std::string> follow(const std::vector<config::Listener>& listeners);
    /// Accepts no more; see gateway::Door::stop().
    void stop();
    [[nodiscard]] std::size_t sessions() const;
    /// Where connections are taken.
    [[nodiscard]] std::vector<std::string> places() const;

  private:
    struct Door {
        std::string place;  ///< As bulla.toml has it: what tells listeners apart.
        std::string bound;  ///< Port 0 became a real one.
        bool is_open = false;
        std::unique_ptr<gateway::Door> door;
    };

    [[nodiscard]] std::unique_ptr<gateway::Door> make_door(const config::Listener& listener) const;
    void open_locked(const config::Listener& listener, net::Listener socket);
    [[nodiscard]] Door* find(const std::string& place);
    [[nodiscard]] bool close_unnamed(const std::vector<config::Listener>& listeners);

    net::Runtime& runtime_;
    gateway::DoorContext context_;
    gateway::MilterContext milter_context_;
    std::string user_;
    mutable std::mutex mutex_;
    bool stopping_ = false;
    // A closed door stays: its sessions go on, and it may be opened again.
    std::vector<Door> doors_;
};

}  // namespace bulla::app

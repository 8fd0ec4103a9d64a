#pragma once
#include "base/clock.h"
#include "base/secret.h"
#include "config/config.h"
#include "directory/snapshot.h"
#include "gateway/disposition.h"
#include "gateway/doors/auth_throttle.h"
#include "gateway/doors/connection_limits.h"
#include "gateway/doors/door.h"
#include "gateway/doors/memory_budget.h"
#include "gateway/metrics.h"
#include "mail/envelope.h"
#include "names/ip.h"
#include "net/listener.h"
#include "net/runtime.h"
#include "net/stream.h"
#include "net/task.h"
#include "net/tls.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace bulla::gateway {

struct FlowContext;
template <class Connection>
class DoorSessions;
class SmtpConnection;

/// Hands a message to the flow and calls `done` once, from any thread, with its reply. Must not throw.
using Submit = std::function<void(
    mail::Envelope envelope, std::string bytes, std::function<void(Reply)> done)>;

/// True if `password` is the account's. Called on the pool for long work. `hash` is the account's Argon2id string.
using CheckPassword = std::function<bool(std::string_view hash, std::string_view password)>;

/// What all SMTP doors of a process share: the limits that count over all of them. Outlives the doors.
struct DoorLimits {
    DoorLimits(std::size_t memory_bytes, Metrics& metrics, const Clock& clock)
        : memory(memory_bytes, metrics), throttle(clock) {}

    MemoryBudget memory;
    ConnectionLimits connections;
    AuthThrottle throttle;
    std::atomic<std::size_t> logins_in_line = 0;  ///< Passwords that wait to be checked.
};

/// The name of the client at an address as the DNS knows it, both ways; empty if there is none. On an io thread.
using FindClientName = std::function<net::Task<std::string>(Ip client)>;

/// What a door works with; all that is referred to outlives the Runtime's run.
struct DoorContext {
    const directory::SnapshotHolder& snapshots;
    const net::TlsSlot& tls;
    DoorLimits& limits;
    Metrics& metrics;
    Submit submit;
    CheckPassword check_password;
    FindClientName find_client_name = {};  ///< Empty: clients stay without names.
};

/// The Submit that runs the flow on the work pool of `runtime`.
[[nodiscard]] Submit make_flow_submit(net::Runtime& runtime, const FlowContext& flow);
/// The CheckPassword of the vault.
[[nodiscard]] CheckPassword make_password_check();

/// Takes mail in over SMTP at one listener: one coroutine a connection. Settings and accounts are those of the Snapshot in force when a
/// session begins, and at each MAIL for what decides about it, so that a reload drops no connection. Destroy it after the Runtime's run.
class SmtpDoor final : public Door {
  public:
    SmtpDoor(DoorContext context, config::Listener listener);
    ~SmtpDoor() override;

    void start(net::Runtime& runtime, net::Listener socket) override;
    void close() override;
    void set_listener(config::Listener listener) override;
    /// Sessions without an open transaction end with 421.
    void stop() override;
    [[nodiscard]] std::size_t sessions() const override;
    /// Serves one connection: what start() does with each. On an io thread.
    [[nodiscard]] net::Task<void> serve(std::unique_ptr<net::Stream> stream);

  private:
    DoorContext context_;
    std::atomic<std::shared_ptr<const config::Listener>> listener_;
    std::shared_ptr<DoorSessions<SmtpConnection>> sessions_;
    std::unique_ptr<net::Listener> socket_;
};

}  // namespace bulla::gateway

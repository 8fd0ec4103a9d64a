#pragma once
#include "directory/snapshot.h"
#include "gateway/doors/door.h"
#include "gateway/doors/smtp_door.h"
#include "gateway/milter_flow.h"
#include "net/stream.h"
#include "net/task.h"

#include <atomic>
#include <functional>
#include <memory>

namespace bulla::gateway {

template <class Connection>
class DoorSessions;
class MilterConnection;

/// Hands a message to the flow and calls `done` once, from any thread. Must not throw.
using SubmitMilter = std::function<void(mail::Envelope envelope,
                                        std::string bytes,
                                        MilterOptions options,
                                        std::function<void(HandBack)> done)>;

/// What a milter door works with; all that is referred to outlives the Runtime's run.
struct MilterContext {
    const directory::SnapshotHolder& snapshots;
    DoorLimits& limits;
    Metrics& metrics;
    SubmitMilter submit;
};

/// The SubmitMilter that runs the flow on the work pool of `runtime`.
[[nodiscard]] SubmitMilter make_milter_submit(net::Runtime& runtime, const FlowContext& flow);

/// The filter of a mail server (Postfix, Sendmail) at one listener: one coroutine a connection. Settings and accounts are those of the
/// Snapshot in force when a message begins to be decided about.
class MilterDoor final : public Door {
  public:
    MilterDoor(MilterContext context, config::Listener listener);
    ~MilterDoor() override;

    void start(net::Runtime& runtime, net::Listener socket) override;
    void close() override;
    void set_listener(config::Listener listener) override;
    void stop() override;
    [[nodiscard]] std::size_t sessions() const override;
    /// Serves one connection: what start() does with each. On an io thread.
    [[nodiscard]] net::Task<void> serve(std::unique_ptr<net::Stream> stream);

  private:
    MilterContext context_;
    std::atomic<std::shared_ptr<const config::Listener>> listener_;
    std::shared_ptr<DoorSessions<MilterConnection>> sessions_;
    std::unique_ptr<net::Listener> socket_;
};

}  // namespace bulla::gateway

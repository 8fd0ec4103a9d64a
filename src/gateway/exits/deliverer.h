#pragma once
#include "directory/snapshot.h"
#include "gateway/exits/attempt_memory.h"
#include "gateway/exits/maildir_exit.h"
#include "gateway/exits/smtp_exit.h"
#include "gateway/metrics.h"
#include "net/resolver.h"
#include "net/runtime.h"
#include "queue/queue.h"

#include <atomic>
#include <optional>

namespace bulla::gateway {

/// Takes what is due from the queue, hands it to the exit of its route, and reports what came of it. All that is referred to outlives it;
/// destroy it after the Runtime's run and before the Runtime.
class Deliverer {
  public:
    /// `resolver` may be null (see SmtpExit). `memory`: octets that the messages of all attempts may take; what finds no room waits for it.
    Deliverer(net::Runtime& runtime,
              queue::Queue& queue,
              const directory::SnapshotHolder& snapshots,
              net::Resolver* resolver,
              std::size_t memory,
              Metrics& metrics);

    /// Another limit for `memory`. Any thread.
    void set_memory(std::size_t memory) { memory_.set_limit(memory); }

    /// Begins. Before or during the Runtime's run.
    void start();
    /// No attempt begins any more; those under way have some seconds to end; then the queue is stopped. On an io thread.
    [[nodiscard]] net::Task<void> stop();

  private:
    void wake();
    [[nodiscard]] net::Task<void> pump();
    [[nodiscard]] net::Task<void> work(queue::Delivery first);
    [[nodiscard]] net::Task<queue::DeliveryReport> attempt(queue::Delivery& delivery);
    [[nodiscard]] net::Task<Result<AttemptMemory::Share>> bring(queue::Delivery& delivery);
    [[nodiscard]] net::Task<void> sweep();
    [[nodiscard]] std::optional<queue::Delivery> take();

    void count(const queue::DeliveryReport& report);

    net::Runtime& runtime_;
    Metrics& metrics_;
    queue::Queue& queue_;
    const directory::SnapshotHolder& snapshots_;
    AttemptMemory memory_;
    SmtpExit smtp_;
    MaildirExit maildir_;
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> pump_waiting_ = false;  ///< A pump has been spawned and has not begun.
    std::atomic<unsigned> working_ = 0;
};

}  // namespace bulla::gateway

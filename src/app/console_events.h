#pragma once
#include "api/event_hub.h"
#include "app/console.h"
#include "net/task.h"

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

namespace bulla::app {

/// Tells those who look on what happens: once a second, and only while somebody does, it looks for new messages, changed deliveries, counters and a
/// new revision.
class ConsoleEvents {
  public:
    /// Both outlive it.
    ConsoleEvents(const ConsoleContext& context, api::EventHub& hub);
    ConsoleEvents(const ConsoleEvents&) = delete;
    ConsoleEvents& operator=(const ConsoleEvents&) = delete;
    ~ConsoleEvents();

    /// Never ends.
    [[nodiscard]] net::Task<void> run();
    /// A delivery changed. From any thread.
    void note_delivery(queue::DeliveryId id);

  private:
    void tell();
    void tell_messages();
    void tell_deliveries();
    void tell_counters();

    ConsoleContext context_;
    api::EventHub& hub_;
    std::optional<std::string>
        newest_;  ///< The message that was told last; none: nobody looked on.
    std::int64_t revision_ = -1;
    std::string counters_;
    std::mutex mutex_;
    std::set<queue::DeliveryId> changed_;
};

}  // namespace bulla::app

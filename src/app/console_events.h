#pragma once
#include "api/event_hub.h"
#include "app/console.h"
#include "net/task.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace bulla::app {

/// Tells those who look on what happens: once a second, and only while somebody does, it looks for new messages, changed deliveries, what the log
/// has committed to, counters and a new revision.
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

    /// The charts of traffic have changed. From any thread.
    void note_traffic() { traffic_ = true; }

  private:
    void tell();
    void tell_messages();
    void tell_deliveries();
    void tell_traffic();
    void tell_log();
    void tell_counters();
    /// Publishes and remembers that something happened.
    void publish_news(std::string_view event, const nlohmann::json& value);

    ConsoleContext context_;
    api::EventHub& hub_;
    std::optional<std::string>
        newest_;              ///< The message that was told last; none: nobody looked on.
    std::string checkpoint_;  ///< The one that was told last; "": nobody looked on.
    std::int64_t revision_ = -1;
    std::string counters_;
    bool news_ = false;  ///< Something happened since the counts of the database were told.
    std::chrono::steady_clock::time_point counted_;
    std::atomic<bool> traffic_ = false;
    std::mutex mutex_;
    std::set<queue::DeliveryId> changed_;
};

}  // namespace bulla::app

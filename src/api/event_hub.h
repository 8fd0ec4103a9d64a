#pragma once
#include "net/runtime.h"

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace bulla::api {

/// Who may see an event: everybody who is logged in, or only those who see all mail (administrators and auditors).
struct Audience {
    bool everybody = false;
};

class EventViewer;

/// Gives what happens to all who look on. Each viewer has a bounded queue; one that reads too slowly loses its events and is told so. Any thread.
class EventHub {
  public:
    /// True if the viewer may see events for this audience.
    using Filter = std::function<bool(const Audience&)>;

    /// `lost` is called each time a viewer loses its events; may be empty.
    explicit EventHub(std::function<void()> lost = {});
    /// All viewers are gone, or the Runtime's run has ended.
    ~EventHub();
    EventHub(const EventHub&) = delete;
    EventHub& operator=(const EventHub&) = delete;

    [[nodiscard]] std::shared_ptr<EventViewer> join(Filter filter);
    void leave(const std::shared_ptr<EventViewer>& viewer);
    /// `type` and `data` (one line of JSON) go to all viewers that may see them.
    void publish(std::string_view type, std::string_view data, const Audience& audience);
    [[nodiscard]] std::size_t viewers() const;
    /// Wakes all viewers for the last time.
    void stop();

  private:
    mutable std::mutex mutex_;
    std::function<void()> lost_;
    std::unordered_set<std::shared_ptr<EventViewer>> viewers_;
    bool stopped_ = false;
};

/// One viewer's queue.
class EventViewer {
  public:
    explicit EventViewer(EventHub::Filter filter);

    /// The events that wait, as text/event-stream; "" if there are none. One thread at a time.
    [[nodiscard]] std::string take();
    /// Waits for an event or `deadline`.
    [[nodiscard]] net::Task<bool> wait_until(net::Deadline deadline);
    /// True if there will be no more events.
    [[nodiscard]] bool is_stopped() const;
    /// Ends the stream. From any thread.
    void stop();

  private:
    friend class EventHub;
    /// False if the queue was full: it is empty now but for the word of it.
    [[nodiscard]] bool push(const std::shared_ptr<const std::string>& event);

    EventHub::Filter filter_;
    mutable std::mutex mutex_;
    std::deque<std::shared_ptr<const std::string>> events_;
    bool lost_ = false;
    bool stopped_ = false;
    net::Event changed_;
};

}  // namespace bulla::api

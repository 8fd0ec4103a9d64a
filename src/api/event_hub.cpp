#include "api/event_hub.h"

#include <fmt/format.h>

namespace bulla::api {

namespace {

constexpr std::size_t max_waiting = 256;

}  // namespace

EventHub::EventHub(std::function<void()> lost) : lost_(std::move(lost)) {}

EventHub::~EventHub() = default;

std::shared_ptr<EventViewer> EventHub::join(Filter filter) {
    auto viewer = std::make_shared<EventViewer>(std::move(filter));
    const std::scoped_lock lock(mutex_);
    viewers_.insert(viewer);
    if (stopped_) {
        viewer->stop();
    }
    return viewer;
}

void EventHub::leave(const std::shared_ptr<EventViewer>& viewer) {
    const std::scoped_lock lock(mutex_);
    viewers_.erase(viewer);
}

void EventHub::publish(std::string_view type, std::string_view data, const Audience& audience) {
    const auto text =
        std::make_shared<const std::string>(fmt::format("event: {}\ndata: {}\n\n", type, data));
    const std::scoped_lock lock(mutex_);
    for (const auto& viewer : viewers_) {
        if (viewer->filter_(audience) && !viewer->push(text) && lost_) {
            lost_();
        }
    }
}

std::size_t EventHub::viewers() const {
    const std::scoped_lock lock(mutex_);
    return viewers_.size();
}

void EventHub::stop() {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    for (const auto& viewer : viewers_) {
        viewer->stop();
    }
}

EventViewer::EventViewer(EventHub::Filter filter) : filter_(std::move(filter)) {}

bool EventViewer::push(const std::shared_ptr<const std::string>& event) {
    bool good = true;
    {
        const std::scoped_lock lock(mutex_);
        if (events_.size() >= max_waiting) {
            events_.clear();
            lost_ = true;
            good = false;
        }
        events_.push_back(event);
    }
    changed_.notify();
    return good;
}

std::string EventViewer::take() {
    std::string out;
    const std::scoped_lock lock(mutex_);
    if (lost_) {
        out = "event: lost\ndata: {}\n\n";
        lost_ = false;
    }
    for (const auto& event : events_) {
        out += *event;
    }
    events_.clear();
    return out;
}

net::Task<bool> EventViewer::wait_until(net::Deadline deadline) {
    return changed_.wait_until(deadline);
}

bool EventViewer::is_stopped() const {
    const std::scoped_lock lock(mutex_);
    return stopped_;
}

void EventViewer::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopped_ = true;
    }
    changed_.notify();
}

}  // namespace bulla::api

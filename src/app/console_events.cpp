#include "app/console_events.h"

#include "services/job.h"
#include "services/service.h"

#include <algorithm>
#include <array>
#include <vector>

namespace bulla::app {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto look_every = 1s;
constexpr std::size_t most_messages = 50;
// A burst of more is told as counters; whoever shows the queue reads it again.
constexpr std::size_t most_deliveries = 100;
// Counting the rows of a large archive takes a while: not with each message of a busy second.
constexpr auto count_every = 3s;

std::string dump(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

ConsoleEvents::ConsoleEvents(const ConsoleContext& context, api::EventHub& hub)
    : context_(context), hub_(hub) {
    if (context_.services.jobs) {
        context_.services.jobs->on_job(
            [this](const json& job) { hub_.publish("job", dump(job), {}); });
    }
}

ConsoleEvents::~ConsoleEvents() {
    // When the daemon stops, the jobs are gone before.
    if (context_.services.jobs) {
        context_.services.jobs->on_job({});
    }
}

void ConsoleEvents::note_delivery(queue::DeliveryId id) {
    if (hub_.viewers() == 0) {
        return;
    }
    const std::scoped_lock lock(mutex_);
    if (changed_.size() < most_deliveries) {
        changed_.insert(id);
    }
}

net::Task<void> ConsoleEvents::run() {
    while (true) {
        co_await net::sleep(look_every);
        if (hub_.viewers() == 0) {
            // What happened while nobody looked is no news.
            newest_.reset();
            checkpoint_.clear();
            continue;
        }
        co_await net::on_work_pool([this] { tell(); });
    }
}

void ConsoleEvents::tell() {
    tell_messages();
    tell_deliveries();
    tell_traffic();
    tell_log();
    tell_counters();
}

void ConsoleEvents::publish_news(std::string_view event, const json& value) {
    hub_.publish(event, dump(value), {});
    news_ = true;
}

void ConsoleEvents::tell_messages() {
    const auto page = services::call_service(
        context_.services, {.actor = "console"}, "archive.list", {{"limit", most_messages}});
    if (!page || !page->contains("items")) {
        return;
    }
    const json& items = page->at("items");
    const std::string newest = items.empty() ? "" : items.front().value("id", "");
    if (!newest_) {
        newest_ = newest;
        return;
    }
    std::vector<const json*> fresh;
    for (const json& item : items) {
        if (item.value("id", "") == newest_) {
            break;
        }
        fresh.push_back(&item);
    }
    newest_ = newest;
    // The oldest first, as they came.
    for (const json* const item : std::vector(fresh.rbegin(), fresh.rend())) {
        publish_news("message", *item);
    }
}

void ConsoleEvents::tell_deliveries() {
    std::set<queue::DeliveryId> changed;
    {
        const std::scoped_lock lock(mutex_);
        changed.swap(changed_);
    }
    for (const queue::DeliveryId id : changed) {
        const json text = id.text();
        const auto found = services::call_service(
            context_.services, {.actor = "console"}, "queue.show", {{"id", text}});
        if (found) {
            publish_news("delivery", *found);
        } else if (found.error().code == "queue.gone") {
            publish_news("delivery", {{"id", text}, {"state", "gone"}});
        }
    }
}

void ConsoleEvents::tell_traffic() {
    if (traffic_.exchange(false)) {
        hub_.publish("traffic", "{}", {});
    }
}

// Whatever is done leaves a leaf: so this tells of each change that no event of its own does.
void ConsoleEvents::tell_log() {
    if (context_.services.sealer == nullptr) {
        return;
    }
    std::string checkpoint = context_.services.sealer->checkpoint();
    if (checkpoint == checkpoint_) {
        return;
    }
    const bool told_before = !checkpoint_.empty();
    checkpoint_ = std::move(checkpoint);
    if (!told_before) {
        return;
    }
    if (const auto log = services::call_service(
            context_.services, {.actor = "console"}, "log.show", json::object())) {
        publish_news("log", *log);
    }
}

void ConsoleEvents::tell_counters() {
    const auto revision =
        static_cast<std::int64_t>(context_.instance.snapshots().current()->revision);
    if (revision_ >= 0 && revision != revision_) {
        hub_.publish("revision", dump({{"revision", revision}}), {.everybody = true});
    }
    revision_ = revision;
    if (!context_.services.live) {
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (news_ && now - counted_ >= count_every) {
        news_ = false;
        counted_ = now;
        if (const auto status = services::call_service(
                context_.services, {.actor = "console"}, "status", json::object())) {
            hub_.publish("status", dump(*status), {});
            return;
        }
    }
    std::string counters = dump(context_.services.live());
    if (counters != counters_) {
        hub_.publish("status", counters, {});
        counters_ = std::move(counters);
    }
}

}  // namespace bulla::app

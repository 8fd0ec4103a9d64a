#include "queue/queue.h"

#include "services/archive.h"
#include "services/change.h"
#include "services/page.h"
#include "services/table.h"

#include <algorithm>

namespace bulla::services {
namespace {

Result<queue::Queue*> find_queue(ServiceContext& context) {
    if (context.queue == nullptr) {
        return fail("service.read_only", Fault::us, "the queue is not open");
    }
    return context.queue;
}

Result<queue::DeliveryId> read_id(Arguments& in) {
    BULLA_TRY(text, in.text("id", 64));
    auto id = queue::DeliveryId::parse(text);
    if (!id) {
        return fail("queue.gone",
                    Fault::sender,
                    "the queue has no delivery \"" + text + "\": see \"bulla queue list\"");
    }
    return id;
}

/// What an administrator does to a delivery: first done, then written down (the queue commits on its own).
Result<json> act(ServiceContext& context,
                 const Caller& caller,
                 const char* action,
                 queue::DeliveryId id,
                 const Result<void>& done) {
    BULLA_CHECK(done);
    BULLA_CHECK(
        commit_change(context, caller, {.action = action, .target = id.text(), .deciding = false}));
    return json{{"id", id.text()}};
}

Result<json> act_on(ServiceContext& context,
                    const Caller& caller,
                    const json& arguments,
                    const char* action,
                    Result<void> (queue::Queue::*what)(queue::DeliveryId)) {
    Arguments in(arguments);
    BULLA_TRY(id, read_id(in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(queue, find_queue(context));
    return act(context, caller, action, id, (queue->*what)(id));
}

}  // namespace

// {"state"?, "destination"?, "route"?, "message"?, "address"?, "cursor"?, "limit"?} → {"items": [Delivery], "next"?}, oldest first.
Result<json> list_queue(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(state, in.text_or("state", "", 16));
    BULLA_TRY(destination, in.text_or("destination", "", 320));
    BULLA_TRY(route, in.text_or("route", "", 64));
    BULLA_TRY(message_text, in.text_or("message", "", 32));
    BULLA_TRY(address, in.text_or("address", "", 320));
    BULLA_TRY(after, read_cursor(in, 0));
    BULLA_TRY(limit, read_limit(in));
    BULLA_CHECK(in.finish());
    queue::QueueFilter filter{.state = state,
                              .destination = destination,
                              .route = route,
                              .message = {},
                              .address = address};
    if (!message_text.empty()) {
        BULLA_TRY(message, MessageId::parse(message_text));
        filter.message = message;
    }
    BULLA_TRY(queue, find_queue(context));
    BULLA_TRY(page, queue->list(filter, after, limit));
    json out{{"items", json::array()}};
    std::ranges::transform(page.items, std::back_inserter(out["items"]), describe_delivery);
    if (page.next != 0) {
        out["next"] = std::to_string(page.next);
    }
    return out;
}

// {"id"} → a delivery. Error: queue.gone.
Result<json> show_queue(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(id, read_id(in));
    BULLA_CHECK(in.finish());
    BULLA_TRY(queue, find_queue(context));
    BULLA_TRY(item, queue->show(id));
    return describe_delivery(item);
}

// {"id"} → {"id"}. Errors: queue.gone, queue.busy.
Result<json> retry_delivery(ServiceContext& context, const Caller& caller, const json& arguments) {
    return act_on(context, caller, arguments, "queue.retry", &queue::Queue::retry);
}

// {"id"} → {"id"}. Errors: queue.gone, queue.busy.
Result<json> hold_delivery(ServiceContext& context, const Caller& caller, const json& arguments) {
    return act_on(context, caller, arguments, "queue.hold", &queue::Queue::hold);
}

// {"id"} → {"id"}. Errors: queue.gone, queue.busy.
Result<json> release_delivery(ServiceContext& context,
                              const Caller& caller,
                              const json& arguments) {
    return act_on(context, caller, arguments, "queue.release", &queue::Queue::release);
}

// {"id", "notify"?} → {"id"}. Errors: queue.gone, queue.busy.
Result<json> remove_delivery(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(id, read_id(in));
    BULLA_TRY(notify, in.flag_or("notify", false));
    BULLA_CHECK(in.finish());
    BULLA_TRY(queue, find_queue(context));
    return act(context, caller, "queue.delete", id, queue->remove(id, notify));
}

}  // namespace bulla::services

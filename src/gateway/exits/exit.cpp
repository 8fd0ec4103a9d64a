#include "gateway/exits/exit.h"

#include "base/log.h"
#include "gateway/disposition.h"

#include <exception>
#include <utility>

namespace bulla::gateway {

queue::DeliveryReport make_report(const queue::Delivery& delivery,
                                  const queue::RecipientResult& result) {
    queue::DeliveryReport report;
    report.recipients.assign(delivery.payload.recipients.size(), result);
    return report;
}

queue::DeliveryReport make_report(const queue::Delivery& delivery, const Error& error) {
    return make_report(
        delivery,
        queue::RecipientResult{.outcome = queue::Outcome::deferred,
                               .status = std::string(decide_disposition(error).enhanced),
                               .diagnostic = error.text});
}

net::Task<queue::DeliveryReport> guard(const queue::Delivery& delivery,
                                       net::Task<queue::DeliveryReport> attempt) {
    try {
        co_return co_await std::move(attempt);
    } catch (const std::exception& error) {
        log::error("queue.attempt_failed",
                   {{"id", delivery.message.text()}, {"what", error.what()}});
    }
    co_return make_report(delivery,
                          Error{.code = "queue.attempt_failed",
                                .fault = Fault::us,
                                .text = "the attempt could not be carried out"});
}

}  // namespace bulla::gateway

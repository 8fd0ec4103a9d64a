#pragma once
#include "base/error.h"
#include "config/config.h"
#include "net/task.h"
#include "queue/types.h"

#include <string>

namespace bulla::gateway {

/// A way out. Its deliver() makes one attempt, on an io thread, and always gives a report: whatever goes wrong is in it, never an exception.
/// `delivery` and `route` stay valid until it returns.
class Exit {
  public:
    Exit() = default;
    Exit(const Exit&) = delete;
    Exit& operator=(const Exit&) = delete;
    virtual ~Exit() = default;
    [[nodiscard]] virtual net::Task<queue::DeliveryReport> deliver(const queue::Delivery& delivery,
                                                                   const config::Route& route) = 0;
};

/// What `attempt` reports; whatever it throws becomes a report too: the queue must hear of each attempt, or its place is lost. `delivery`
/// stays valid until it returns.
[[nodiscard]] net::Task<queue::DeliveryReport> guard(const queue::Delivery& delivery,
                                                     net::Task<queue::DeliveryReport> attempt);

/// The report of an attempt that we could not carry out: deferred, with the status that the table of failures has for `error`.
[[nodiscard]] queue::DeliveryReport make_report(const queue::Delivery& delivery,
                                                const Error& error);

/// A report with the same result for every recipient.
[[nodiscard]] queue::DeliveryReport make_report(const queue::Delivery& delivery,
                                                const queue::RecipientResult& result);

}  // namespace bulla::gateway

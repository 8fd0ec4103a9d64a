#pragma once
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

/// A report with the same result for every recipient.
[[nodiscard]] queue::DeliveryReport make_report(const queue::Delivery& delivery,
                                                const queue::RecipientResult& result);

}  // namespace bulla::gateway

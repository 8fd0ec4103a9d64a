#include "gateway/exits/exit.h"

namespace bulla::gateway {

queue::DeliveryReport make_report(const queue::Delivery& delivery,
                                  const queue::RecipientResult& result) {
    queue::DeliveryReport report;
    report.recipients.assign(delivery.payload.recipients.size(), result);
    return report;
}

}  // namespace bulla::gateway

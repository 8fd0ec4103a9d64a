#include "archive/order.h"

#include <chrono>
#include <fmt/format.h>

namespace bulla::archive {

bool out_of_order(const seal::MessageEntry& earlier, const seal::MessageEntry& later) {
    constexpr auto usual_disorder = std::chrono::minutes(10);
    return earlier.time - later.time > usual_disorder;
}

void note_order(const seal::MessageEntry& earlier,
                const seal::MessageEntry& later,
                Findings& findings) {
    findings.note("order",
                  fmt::format("the log has message {} before {}, though it was received more than "
                              "10 minutes after it: one was dated "
                              "back, or the clock was set",
                              earlier.id.text(),
                              later.id.text()));
}

}  // namespace bulla::archive

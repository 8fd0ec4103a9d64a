#include "gateway/exits/exit.h"

#include "net/runtime.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

namespace bulla::gateway {
namespace {

queue::Delivery make_delivery() {
    queue::Delivery delivery;
    for (const char* address : {"bob@example.org", "eve@example.org"}) {
        delivery.payload.recipients.push_back(
            {.mailbox = Mailbox::parse(address).value(), .dsn = {}});
    }
    return delivery;
}

net::Task<queue::DeliveryReport> attempt(const queue::Delivery& delivery, bool breaks) {
    co_await net::yield_now();
    if (breaks) {
        throw std::runtime_error("a broken invariant");
    }
    co_return make_report(delivery, {.outcome = queue::Outcome::delivered, .status = "2.0.0"});
}

net::Task<std::pair<queue::DeliveryReport, queue::DeliveryReport>> attempt_twice(
    const queue::Delivery& delivery) {
    auto broken = co_await guard(delivery, attempt(delivery, true));
    auto whole = co_await guard(delivery, attempt(delivery, false));
    co_return std::pair(std::move(broken), std::move(whole));
}

TEST(Exit, c2_8_an_attempt_that_throws_is_deferred) {
    const auto delivery = make_delivery();
    const auto [broken, whole] = net::run_blocking(attempt_twice(delivery));
    ASSERT_EQ(broken.recipients.size(), 2U);
    for (const auto& result : broken.recipients) {
        EXPECT_EQ(result.outcome, queue::Outcome::deferred);
        EXPECT_EQ(result.status, "4.3.0");
        EXPECT_EQ(result.diagnostic.find("broken"), std::string::npos);
    }
    EXPECT_FALSE(broken.host_failed) << "the next hop is not to blame";
    ASSERT_EQ(whole.recipients.size(), 2U);
    EXPECT_EQ(whole.recipients[0].outcome, queue::Outcome::delivered);
}

}  // namespace
}  // namespace bulla::gateway

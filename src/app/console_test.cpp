#include "app/console.h"

#include "services/job.h"
#include "services/testing.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <type_traits>

namespace bulla::app {
namespace {

// What posts deliveries and jobs begins after the console is made and need not wait for it to serve: there is no console without its events.
static_assert(!std::is_default_constructible_v<Console>);
static_assert(std::is_constructible_v<Console, ConsoleSockets, const ConsoleContext&>);

TEST(Console, c3_1_what_happens_before_it_serves_finds_its_events_there) {
    services::testing::TestInstance at;
    at.context->jobs = std::make_shared<services::Jobs>(at.clock);
    const auto queue = at.instance->make_queue(
        [](const std::string&) { return 1U; },
        [](seal::Batch&, const mail::Envelope&, const std::string&) -> Result<void> { return {}; });
    gateway::Metrics metrics;
    net::TlsSlot certificate;
    net::Runtime runtime({.io_threads = 1, .work_threads = 1});
    at.config.console.port = 0;
    Console console(ConsoleSockets::bind(at.config).value(),
                    {.instance = *at.instance,
                     .services = *at.context,
                     .queue = *queue,
                     .metrics = metrics,
                     .own_certificate = certificate,
                     .runtime = runtime});
    std::atomic<bool> told = false;
    std::atomic<bool> over = false;
    const std::jthread deliveries([&] {
        while (!over) {
            console.note_delivery({});
            told = true;
            told.notify_all();
        }
    });
    told.wait(false);
    console.start();
    console.note_delivery({});
    over = true;
    EXPECT_EQ(console.connections(), 0U);
    at.context->jobs.reset();
}

}  // namespace
}  // namespace bulla::app

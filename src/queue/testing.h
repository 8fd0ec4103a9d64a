#pragma once
#include "queue/queue.h"
#include "seal/testing.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the tests of the queue share.
namespace bulla::queue::testing {

inline constexpr std::string_view text = "From: a@example.test\r\nSubject: s\r\n\r\nbody\r\n";

/// A queue over a real database and sealer; the test's hand turns it.
struct Fixture {
    seal::testing::Instance instance;
    std::unique_ptr<seal::Sealer> sealer = instance.open();
    seal::RecordReader reader = instance.reader();
    vault::Vault vault = open_vault();
    MessageIds ids{instance.clock, 1, 0};
    std::vector<mail::Envelope> notices;
    std::vector<std::string> notice_texts;
    std::optional<Error> inject_error;
    std::vector<std::string> events;
    std::unique_ptr<Queue> queue;
    std::int64_t next_message = 1;

    Fixture() { reopen(); }

    vault::Vault open_vault() {
        auto connection = instance.database().connect(store::Access::read_only).value();
        return vault::Vault::open(connection, SecretBytes("passphrase"), instance.random).value();
    }

    /// As a start of the program after its end.
    void reopen(QueueOptions options = {}) { reopen(std::move(options), reader); }

    void reopen(QueueOptions options, const seal::RecordReader& from) {
        options.hostname = "gate.example.test";
        queue.reset();
        queue = std::make_unique<Queue>(
            options,
            QueueServices{
                *sealer, instance.database(), vault, from, ids, instance.clock, instance.random},
            [](const std::string&) { return 2U; },
            [this](seal::Batch& batch, mail::Envelope envelope, std::string bytes) -> Result<void> {
                if (inject_error) {
                    return std::unexpected(*inject_error);
                }
                batch.leaves.push_back("notice\n");
                notices.push_back(std::move(envelope));
                notice_texts.push_back(std::move(bytes));
                return {};
            });
        queue->on_event([this](store::Tx&,
                               const Delivery& delivery,
                               const DeliveryReport& report,
                               Time) -> Result<void> {
            events.push_back(delivery.route + ":" + report.recipients.at(0).diagnostic);
            return {};
        });
        std::ignore = queue->step();
    }

    NewDelivery make(std::string destination,
                     const std::vector<std::string>& to,
                     bool own = false) const {
        NewDelivery delivery{.message = MessageId(next_message),
                             .route = "out",
                             .destination = std::move(destination),
                             .from = Mailbox::parse("a@example.test").value(),
                             .prefix = "X: 1\r\n",
                             .kind = own ? seal::RecordKind::copy : seal::RecordKind::received,
                             .own_record = own,
                             .bytes = std::make_shared<const std::string>(text)};
        for (const auto& address : to) {
            delivery.recipients.push_back({.mailbox = Mailbox::parse(address).value(), .dsn = {}});
        }
        return delivery;
    }

    /// Commits a message with these deliveries and starts them, unless `crash`.
    void put(std::vector<NewDelivery> deliveries, bool crash = false) {
        seal::Batch batch;
        batch.records.push_back(seal::prepare_record(
            MessageId(next_message++), deliveries[0].kind, text, instance.random));
        auto ticket = queue->attach(batch, std::move(deliveries));
        const auto committed = sealer->commit(std::move(batch));
        ASSERT_TRUE(committed) << committed.error().text;
        if (!crash) {
            queue->start(std::move(ticket), *committed);
        }
    }

    Delivery take() const {
        auto delivery = queue->take();
        EXPECT_TRUE(delivery);
        if (!delivery->bytes) {
            const auto opened = queue->open(*delivery);
            EXPECT_TRUE(opened) << opened.error().text;
        }
        return std::move(*delivery);
    }

    void finish(Delivery delivery, std::vector<Outcome> outcomes, bool host_failed = false) const {
        DeliveryReport report{.remote_mta = "mx.example.org", .host_failed = host_failed};
        for (const auto outcome : outcomes) {
            report.recipients.push_back({.outcome = outcome,
                                         .status = outcome == Outcome::delivered ? "2.0.0"
                                                   : outcome == Outcome::failed  ? "5.1.1"
                                                                                 : "4.0.0",
                                         .diagnostic = outcome == Outcome::delivered ? "250 ok"
                                                       : outcome == Outcome::failed  ? "550 no"
                                                                                     : "450 later",
                                         .remote = true});
        }
        queue->report(std::move(delivery), std::move(report));
    }

    std::int64_t rows() { return instance.number("select count(*) from queue_delivery"); }
};

}  // namespace bulla::queue::testing

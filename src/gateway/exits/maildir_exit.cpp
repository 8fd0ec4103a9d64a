#include "gateway/exits/maildir_exit.h"

#include "base/encoding.h"
#include "gateway/disposition.h"
#include "gateway/exits/maildir.h"
#include "net/runtime.h"

#include <array>
#include <fmt/format.h>
#include <string_view>

namespace bulla::gateway {

namespace {

// The same for every attempt on this recipient, whichever recipients are still with it.
std::string file_name(const queue::Delivery& delivery, const Mailbox& mailbox) {
    return fmt::format("{}.{}R{:08x}.bulla",
                       to_unix(delivery.message.time()),
                       delivery.id.text(),
                       crc32c(mailbox.text()));
}

queue::RecipientResult store(const queue::Delivery& delivery,
                             const config::Route& route,
                             const Mailbox& mailbox) {
    const auto top = fmt::format("Return-Path: <{}>\r\nDelivered-To: {}\r\n",
                                 delivery.payload.from ? delivery.payload.from->text() : "",
                                 mailbox.text());
    const auto path = maildir_path(route.path, mailbox);
    auto outcome = path ? Result<void>{} : std::unexpected(path.error());
    if (outcome) {
        const std::array<std::string_view, 3> pieces{top, delivery.payload.prefix, *delivery.bytes};
        outcome = store_in_maildir(*path, file_name(delivery, mailbox), pieces);
    }
    if (outcome) {
        return {.outcome = queue::Outcome::delivered,
                .status = "2.0.0",
                .diagnostic = "stored in the mailbox"};
    }
    const auto disposition = decide_disposition(outcome.error());
    return {.outcome = disposition.retry ? queue::Outcome::deferred : queue::Outcome::failed,
            .status = std::string(disposition.enhanced),
            .diagnostic = outcome.error().text};
}

}  // namespace

net::Task<queue::DeliveryReport> MaildirExit::deliver(const queue::Delivery& delivery,
                                                      const config::Route& route) {
    co_return co_await net::on_work_pool([&delivery, &route] {
        queue::DeliveryReport report;
        report.final_delivery = true;
        for (const auto& recipient : delivery.payload.recipients) {
            report.recipients.push_back(store(delivery, route, recipient.mailbox));
        }
        return report;
    });
}

}  // namespace bulla::gateway

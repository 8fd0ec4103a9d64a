#include "gateway/delivery_events.h"

#include "archive/catalogue.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace bulla::gateway {

Result<void> record_delivery(store::Tx& tx,
                             const vault::Vault& vault,
                             const queue::Delivery& delivery,
                             const queue::DeliveryReport& report,
                             Time now) {
    static constexpr std::pair<queue::Outcome, std::string_view> kinds[] = {
        {queue::Outcome::delivered, "delivered"},
        {queue::Outcome::deferred, "deferred"},
        {queue::Outcome::failed, "failed"}};
    for (const auto& [outcome, kind] : kinds) {
        auto recipients = nlohmann::json::array();
        for (std::size_t i = 0; i < report.recipients.size(); ++i) {
            const auto& result = report.recipients[i];
            if (result.outcome == outcome) {
                recipients.push_back({{"to", delivery.payload.recipients[i].mailbox.text()},
                                      {"status", result.status},
                                      {"reply", result.diagnostic}});
            }
        }
        if (recipients.empty()) {
            continue;
        }
        const nlohmann::json detail{{"route", delivery.route},
                                    {"destination", delivery.destination},
                                    {"attempt", delivery.attempts + 1},
                                    {"recipients", std::move(recipients)}};
        const archive::EventRow event{
            .message = delivery.message,
            .at = now,
            .kind = std::string(kind),
            .detail = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
        BULLA_CHECK(archive::insert_event(tx, vault, event));
    }
    return {};
}

}  // namespace bulla::gateway

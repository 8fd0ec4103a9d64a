#pragma once
#include "dns/answer.h"
#include "services/service.h"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

// What the DNS says of the instance's domains, held against what it should say.

namespace bulla::services {

using AskDns = std::function<dns::DnsAnswer(const dns::DnsQuestion&)>;

/// ServiceContext::ask, or a resolver of its own that lives as long as the function. Error: net.resolver.
[[nodiscard]] Result<AskDns> dns_of(ServiceContext& context);

enum class RecordState {
    match,    ///< It is what it should be.
    present,  ///< It is there; what it says is the administrator's choice.
    missing,
    different,
    error,  ///< No answer that could be used.
};

[[nodiscard]] std::string_view to_string(RecordState state);

/// One record that a domain should have.
struct RecordCheck {
    std::string what;  ///< dkim, mx, spf or dmarc
    dns::DnsQuestion question;
    std::string expected{};   ///< dkim: the text to publish.
    std::string suggested{};  ///< mx, spf, dmarc: what would do; the administrator chooses.
    std::vector<std::string> seen{};
    RecordState state = RecordState::error;
    std::string detail{};
};

/// A DKIM key whose record should be published.
struct PublishedKey {
    std::string selector;
    std::string text;  ///< The TXT record.
};

/// What to ask of `domain` (A-labels): its DKIM records, MX, SPF, DMARC.
/// `hostname` is who takes and sends its mail.
[[nodiscard]] std::vector<RecordCheck> plan_checks(const std::string& domain,
                                                   const std::string& hostname,
                                                   std::span<const PublishedKey> keys);
/// What to ask, to see whether the DNS answers at all.
[[nodiscard]] dns::DnsQuestion probe();
/// Whether the answer to probe() shows a resolver that works.
[[nodiscard]] bool is_working(const dns::DnsAnswer& answer);
/// Fills `seen`, `state` and `detail` of `check` from the answer to its question. Pure.
void judge(RecordCheck& check, const dns::DnsAnswer& answer);
/// Asks all at once, at most eight at a time, and judges; what a resolver that does not work calls absent could not be asked.
void run_checks(std::span<RecordCheck> checks, const AskDns& ask);

[[nodiscard]] nlohmann::json to_json(const RecordCheck& check);

/// The active keys of the instance by domain. Errors: those of store.
[[nodiscard]] Result<std::map<std::string, std::vector<PublishedKey>>> load_published_keys(
    ServiceContext& context);

}  // namespace bulla::services

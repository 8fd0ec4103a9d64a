#pragma once
#include "base/error.h"
#include "base/random.h"
#include "dnsupdate/response.h"
#include "dnsupdate/tsig_key.h"
#include "names/domain.h"

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace bulla::dnsupdate {

/// Sends one message to the name server and gives its answer, both without a length in front; ends within its time.
/// Error: dnsupdate.unreachable.
using Exchange = std::function<Result<std::string>(std::string_view request)>;

enum class Outcome {
    done,     ///< The name server changed it.
    already,  ///< It was so before.
};

/// A TXT record at a name server, and which records there may give way to it.
struct TextRecord {
    DomainName zone;
    DomainName name;
    std::string text;
    std::chrono::seconds ttl{3600};
};

/// Publishes and withdraws TXT records. One thread at a time; blocks as long as its Exchange does, which it calls at most four times a call.
class Updater {
  public:
    /// `random` outlives it.
    Updater(Exchange exchange, TsigKey key, Random& random)
        : exchange_(std::move(exchange)), key_(std::move(key)), random_(random) {}

    /// The zone of `name` at the server. Errors: dnsupdate.no_zone, those of read_answer() and of the Exchange.
    [[nodiscard]] Result<DomainName> find_zone(const DomainName& name);

    /// Publishes `record` where there is no TXT record, or one that is exactly one of `ours` (at most 2). Errors: dnsupdate.foreign (anything
    /// else is there, or a CNAME: nothing was changed), dnsupdate.not_zone, dnsupdate.refused, dnsupdate.server_failure, those of
    /// read_answer() and of the Exchange.
    [[nodiscard]] Result<Outcome> publish(const TextRecord& record,
                                          std::span<const std::string> ours);

    /// Removes the record if it is exactly one of `ours` (at most 3); `record.text` does not count. Errors: as publish().
    [[nodiscard]] Result<Outcome> withdraw(const TextRecord& record,
                                           std::span<const std::string> ours);

  private:
    [[nodiscard]] Result<Answer> ask(const Request& request);
    /// What the server says to one UPDATE: no_error, or a prerequisite that does not hold.
    [[nodiscard]] Result<AnswerCode> try_update(const TextRecord& record,
                                                const std::optional<std::string>& expected,
                                                const std::optional<std::string>& wanted);
    [[nodiscard]] std::uint16_t make_id();

    Exchange exchange_;
    TsigKey key_;
    Random& random_;
};

}  // namespace bulla::dnsupdate

#pragma once
#include "base/error.h"
#include "dnsupdate/tsig_key.h"
#include "names/domain.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace bulla::dnsupdate {

/// A message as it leaves, and what its answer is held against.
struct Request {
    std::string octets;      ///< Without the length in front that TCP needs.
    std::string mac;         ///< Of its TSIG.
    std::uint64_t time = 0;  ///< When it was signed, in seconds since 1970.
};

/// What an UPDATE does with the TXT records at a name, if they are as expected.
struct TextUpdate {
    DomainName zone;
    DomainName name;
    std::optional<std::string>
        expected{};  ///< The one TXT record that is there; none: no TXT and no CNAME.
    std::optional<std::string> wanted{};  ///< The one that is to be there then; none: none is.
    std::chrono::seconds ttl{3600};
};

/// An UPDATE with its prerequisites, signed now by the machine's clock. Pure but for that. Error: dnsupdate.not_built (libldns refuses).
[[nodiscard]] Result<Request> write_update(const TextUpdate& update,
                                           const TsigKey& key,
                                           std::uint16_t id);

/// The question for the SOA of `name`, signed in the same way: the answer tells the zone. Error: dnsupdate.not_built.
[[nodiscard]] Result<Request> write_zone_question(const DomainName& name,
                                                  const TsigKey& key,
                                                  std::uint16_t id);

}  // namespace bulla::dnsupdate

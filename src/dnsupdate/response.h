#pragma once
#include "base/error.h"
#include "dnsupdate/request.h"
#include "dnsupdate/tsig_key.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace bulla::dnsupdate {

/// Response codes that decide what comes next (RFC 1035 4.1.1, RFC 2136 2.2).
enum class AnswerCode : std::uint16_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    name_error = 3,
    not_implemented = 4,
    refused = 5,
    yx_rrset = 7,
    nx_rrset = 8,
    not_auth = 9,
    not_zone = 10,
};

/// What the server said, and surely it was the server.
struct Answer {
    AnswerCode code = AnswerCode::no_error;
    std::optional<DomainName>
        zone{};  ///< The owner of the first SOA record in answer or authority section.
};

/// Reads the answer to `request` and verifies its TSIG (RFC 8945 5.3). `octets` are hostile. Pure. Errors: dnsupdate.bad_answer (malformed,
/// truncated, to another question), dnsupdate.unverified (no TSIG, or not a good one), dnsupdate.key_refused (BADKEY, BADSIG),
/// dnsupdate.clock (BADTIME, or signed at another time than the request), dnsupdate.refused (an unsigned refusal).
[[nodiscard]] Result<Answer> read_answer(std::string_view octets,
                                         const Request& request,
                                         const TsigKey& key);

/// An answer that ends the matter, as an error: dnsupdate.server_failure, dnsupdate.refused; its words for people.
[[nodiscard]] Error refusal_of(AnswerCode code);

}  // namespace bulla::dnsupdate

#pragma once
#include "base/error.h"
#include "dns/answer.h"

#include <span>
#include <string>
#include <vector>

namespace bulla::qmail {

/// Asks each question of the resolvers of /etc/resolv.conf, or of the one at `resolver` ("IP:PORT"; empty: those), by the C library, one after
/// another; some seconds at most each. Only TXT. Answers are never more than insecure: the C library does not validate. Error:
/// qmail.bad_resolver. Blocks.
[[nodiscard]] Result<std::vector<dns::DnsAnswer>> look_up(
    std::span<const dns::DnsQuestion> questions, const std::string& resolver);

}  // namespace bulla::qmail

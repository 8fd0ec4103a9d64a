#pragma once
#include "spf/check.h"

#include <string>

namespace bulla::spf {

/// The field "Received-SPF: …" with its CRLF that tells of a check (RFC 7208 9.1), to stand above the message: result, reason, and the keys
/// client-ip, envelope-from, helo, receiver, identity, mechanism, problem. Hostile values are quoted, made printable and cut. Any thread.
[[nodiscard]] std::string write_received_spf(const Client& client, const CheckResult& result);

}  // namespace bulla::spf

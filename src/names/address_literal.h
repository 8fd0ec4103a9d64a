#pragma once
#include <string_view>

namespace bulla {

/// True if `mailbox` is a well-formed Mailbox whose right side is the address of a host, as in <u@[192.0.2.1]> or <u@[IPv6:2001:db8::1]>
/// (RFC 5321 4.1.3; no tag but IPv6 is registered). Mailbox::parse() refuses it. Any thread.
[[nodiscard]] bool has_address_literal(std::string_view mailbox);

}  // namespace bulla

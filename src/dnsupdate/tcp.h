#pragma once
#include "dnsupdate/updater.h"
#include "names/server_address.h"

#include <chrono>

namespace bulla::dnsupdate {

/// An Exchange over TCP (RFC 7766), a connection a message. All its messages together end within `timeout`, counted from now.
[[nodiscard]] Exchange make_tcp_exchange(const ServerAddress& server,
                                         std::chrono::milliseconds timeout);

}  // namespace bulla::dnsupdate

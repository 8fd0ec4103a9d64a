#pragma once
#include "dns/answer.h"
#include "names/ip.h"
#include "net/resolver.h"
#include "net/runtime.h"
#include "net/task.h"

#include <chrono>
#include <functional>
#include <string>

namespace bulla::net {

/// Asks the DNS and answers by the deadline, as Resolver::ask does.
using Ask = std::function<Task<dns::DnsAnswer>(dns::DnsQuestion, Deadline)>;

/// How long a client may wait for its own name.
inline constexpr std::chrono::seconds client_name_time{2};

/// The name of the host at `ip` as both zones say it ("iprev", RFC 8601 3): the first of at most 5 PTR names whose A or AAAA records hold
/// `ip`, in lower-case A-labels. Empty if there is none, if it is no host name (RFC 5321 4.1.2), or if the DNS does not answer by `until`: a
/// name is a help for readers of Received, never a reason to refuse. `ask` is called for one question at a time. On an io thread.
[[nodiscard]] Task<std::string> find_client_name(Ask ask, Ip ip, Deadline until);
/// The same by `resolver`, which outlives it, within `client_name_time`.
[[nodiscard]] Task<std::string> find_client_name(Resolver& resolver, Ip ip);

}  // namespace bulla::net

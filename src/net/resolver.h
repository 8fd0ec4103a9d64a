#pragma once
#include "base/error.h"
#include "dns/answer.h"
#include "net/endpoint.h"
#include "net/runtime.h"
#include "net/task.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bulla::net {

struct ResolverOptions {
    std::optional<Endpoint>
        forwarder;  ///< Ask this server alone; nothing: those of /etc/resolv.conf.
    std::vector<std::string> trust_anchors =
        {};  ///< DS or DNSKEY records as text; DNSSEC is checked only with these or `anchor_file`.
    std::string anchor_file =
        {};  ///< A file of them, such as /usr/share/dns/root.key; empty: none.
    std::chrono::milliseconds timeout{5000};  ///< For a whole answer.
    std::size_t max_waiting =
        4096;  ///< Questions in flight; more are answered "unreachable" at once.
};

/// The DNS, with cache and DNSSEC. Any thread.
class Resolver {
  public:
    /// Errors: net.resolver (out of memory, bad anchors, unreadable /etc/resolv.conf).
    [[nodiscard]] static Result<std::unique_ptr<Resolver>> open(
        const ResolverOptions& options = {});
    /// Questions in flight are answered "unreachable".
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// Answers within the time-out and by `until`; a failure is an answer too (dns::Rcode). On an io thread.
    [[nodiscard]] Task<dns::DnsAnswer> ask(dns::DnsQuestion question, Deadline until = no_deadline);
    /// The same for a thread that may block.
    [[nodiscard]] dns::DnsAnswer ask_blocking(const dns::DnsQuestion& question);

  private:
    struct Impl;
    explicit Resolver(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace bulla::net

#pragma once
#include "directory/snapshot.h"
#include "gateway/exits/exit.h"
#include "net/resolver.h"
#include "net/runtime.h"
#include "net/stream.h"
#include "smtp/client_session.h"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bulla::gateway {

/// A connection to a next hop, with what was said on it so far. Belongs to one io thread.
struct SmtpClient {
    std::unique_ptr<net::Stream> stream;
    smtp::ClientSession session;
    net::Deadline idle_since;
    net::Deadline ends;  ///< The attempt at hand must be over by then.
    bool tls_failed = false;
};

/// Hands mail to a next hop over SMTP. Connections are kept for a while and used again on the io thread that made them.
class SmtpExit final : public Exit {
  public:
    /// `resolver` may be null: then next hops must be addresses. All outlive it; destroy it before the Runtime.
    SmtpExit(const net::Runtime& runtime,
             const directory::SnapshotHolder& snapshots,
             net::Resolver* resolver);
    ~SmtpExit() override;

    [[nodiscard]] net::Task<queue::DeliveryReport> deliver(const queue::Delivery& delivery,
                                                           const config::Route& route) override;
    /// Ends connections of this io thread that nobody used for a while. Call now and then on each.
    void close_idle();

  private:
    using Pool = std::map<std::string, std::vector<std::unique_ptr<SmtpClient>>>;

    [[nodiscard]] std::unique_ptr<SmtpClient> take_idle(const std::string& key);
    void keep(const std::string& key, std::unique_ptr<SmtpClient> client);
    [[nodiscard]] net::Task<Result<std::unique_ptr<SmtpClient>>> open(const config::Route& route);
    [[nodiscard]] net::Task<Result<std::unique_ptr<SmtpClient>>> open_with(
        const config::Route& route, smtp::ClientTls tls);
    [[nodiscard]] net::Task<Result<std::unique_ptr<net::Stream>>> connect(
        const config::Route& route);
    [[nodiscard]] net::Task<smtp::ClientEvent> drive(SmtpClient& client,
                                                     const config::Route& route);
    [[nodiscard]] net::Task<void> hand_over_some(SmtpClient& client,
                                                 const queue::Delivery& delivery,
                                                 std::span<const mail::Recipient> recipients,
                                                 queue::DeliveryReport& report,
                                                 const config::Route& route);
    [[nodiscard]] net::Task<queue::DeliveryReport> hand_over(SmtpClient& client,
                                                             const queue::Delivery& delivery,
                                                             const config::Route& route);

    const directory::SnapshotHolder& snapshots_;
    net::Resolver* resolver_;
    std::shared_ptr<const net::TlsContext> any_certificate_;
    std::shared_ptr<const net::TlsContext> checked_certificate_;
    std::vector<Pool> pools_;  // one an io thread
};

}  // namespace bulla::gateway

#pragma once
#include "gateway/doors/door_sessions.h"
#include "gateway/doors/smtp_door.h"
#include "smtp/server_session.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bulla::gateway {

/// One SMTP connection: drives a smtp::ServerSession over a stream. `context` is the door's and outlives it. All on the io thread that made it, but notify_stop().
class SmtpConnection {
  public:
    SmtpConnection(const DoorContext& context,
                   std::shared_ptr<const config::Listener> listener,
                   std::unique_ptr<net::Stream> stream,
                   std::shared_ptr<DoorSessions<SmtpConnection>> sessions);
    ~SmtpConnection();
    SmtpConnection(const SmtpConnection&) = delete;
    SmtpConnection& operator=(const SmtpConnection&) = delete;

    /// Serves the connection to its end, and watches for the stop meanwhile. `self` keeps the object for both.
    [[nodiscard]] static net::Task<void> run(std::shared_ptr<SmtpConnection> self);

    /// From any thread.
    void notify_stop() { stop_.notify(); }

  private:
    [[nodiscard]] static net::Task<void> watch_stop(std::shared_ptr<SmtpConnection> self);
    [[nodiscard]] net::Task<Result<void>> serve();
    [[nodiscard]] net::Task<void> send_away();
    [[nodiscard]] net::Task<Result<void>> begin();
    [[nodiscard]] net::Task<Result<void>> read_proxy_before_tls(Ip& client);
    [[nodiscard]] net::Task<Result<void>> handle(smtp::Event event);
    [[nodiscard]] net::Task<Result<void>> flush();
    [[nodiscard]] net::Task<Result<void>> read();
    [[nodiscard]] net::Task<Result<void>> start_tls();
    [[nodiscard]] net::Task<void> deliver();
    [[nodiscard]] net::Task<void> log_in();
    /// Is it the password? nullopt: too many wait for the same answer.
    [[nodiscard]] net::Task<std::optional<bool>> check(std::string hash, SecretBytes password);
    [[nodiscard]] net::Task<AuthThrottle::Turn> wait_for_turn(Ip client, std::string login);
    void refuse_login(std::string text);
    [[nodiscard]] smtp::ServerOptions make_options(const Ip& client, bool proxy) const;
    [[nodiscard]] net::Task<void> greet();
    [[nodiscard]] net::Task<std::string> find_name(Ip client) const;
    [[nodiscard]] std::optional<smtp::Reply> take_place(const Ip& client, bool is_proxy);
    void decide_mail();
    void decide_rcpt();
    void count_message(const Reply& reply, std::size_t octets);
    void set_deadline();
    void restore_deadline();
    void note_end(const Error& error);
    void count_limits();

    const DoorContext& context_;
    std::shared_ptr<const config::Listener> listener_;
    std::unique_ptr<net::Stream> stream_;
    std::shared_ptr<DoorSessions<SmtpConnection>> sessions_;
    std::shared_ptr<const directory::Snapshot> snapshot_;
    config::Limits limits_;
    std::unique_ptr<smtp::ServerSession> session_;  // null until PROXY and TLS are done
    ConnectionPlace place_;
    std::optional<bool> may_forward_;
    bool may_hand_over_ = false;  // to a filter
    std::vector<char> buffer_;
    net::Deadline session_end_;
    std::optional<std::uint64_t> epoch_;
    net::Event stop_;
    bool stopping_ = false;
    bool reading_ = false;
    bool silent_ = false;  ///< A read found the deadline passed.
    bool ended_ = false;
};

}  // namespace bulla::gateway

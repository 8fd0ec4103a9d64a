#pragma once
#include "gateway/doors/door_sessions.h"
#include "gateway/doors/milter_door.h"
#include "milter/server_session.h"

#include <memory>
#include <optional>
#include <vector>

namespace bulla::gateway {

/// One connection of a mail server: drives a milter::ServerSession over a stream. `context` is the door's and outlives it. All on the io
/// thread that made it, but notify_stop().
class MilterConnection {
  public:
    MilterConnection(const MilterContext& context,
                     std::shared_ptr<const config::Listener> listener,
                     std::unique_ptr<net::Stream> stream,
                     std::shared_ptr<DoorSessions<MilterConnection>> sessions);
    ~MilterConnection();
    MilterConnection(const MilterConnection&) = delete;
    MilterConnection& operator=(const MilterConnection&) = delete;

    /// Serves the connection to its end, and watches for the stop meanwhile. `self` keeps the object for both.
    [[nodiscard]] static net::Task<void> run(std::shared_ptr<MilterConnection> self);

    /// From any thread.
    void notify_stop() { stop_.notify(); }

  private:
    struct Waiting;

    [[nodiscard]] static net::Task<void> watch_stop(std::shared_ptr<MilterConnection> self);
    [[nodiscard]] bool may_enter();
    [[nodiscard]] milter::Options make_options() const;
    [[nodiscard]] net::Task<Result<void>> serve();
    [[nodiscard]] net::Task<Result<void>> read();
    [[nodiscard]] net::Task<Result<void>> flush();
    [[nodiscard]] net::Task<Result<void>> deliver();
    [[nodiscard]] net::Task<Result<void>> tell(HandBack answer);
    [[nodiscard]] net::Task<HandBack> wait_for(std::shared_ptr<Waiting> waiting);
    [[nodiscard]] std::optional<Reply> complete(mail::Envelope& envelope,
                                                std::string_view daemon_name) const;
    [[nodiscard]] std::optional<Reply> judge(const milter::Submission& submission) const;
    void decide_mail();
    void decide_rcpt();
    void write_edits(const Edits& edits);
    void charge();
    void give_back();

    const MilterContext& context_;
    std::shared_ptr<const config::Listener> listener_;
    std::unique_ptr<net::Stream> stream_;
    std::shared_ptr<DoorSessions<MilterConnection>> sessions_;
    std::shared_ptr<const directory::Snapshot> snapshot_;
    config::Limits limits_;
    milter::ServerSession session_;
    ConnectionPlace place_;
    std::vector<char> buffer_;
    std::size_t charged_ = 0;  ///< Of the memory that all messages share.
    net::Event stop_;
    bool stopping_ = false;
    bool reading_ = false;
    bool ended_ = false;
};

}  // namespace bulla::gateway

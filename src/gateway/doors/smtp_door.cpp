#include "gateway/doors/smtp_door.h"

#include "gateway/doors/door_sessions.h"
#include "gateway/doors/smtp_connection.h"
#include "gateway/flow.h"
#include "vault/password.h"

#include <exception>
#include <utility>

namespace bulla::gateway {

namespace {

// Hashing, signing, compressing and syncing a message above this takes long enough to be felt by those behind it.
constexpr std::size_t large_message = std::size_t{1} << 20;

}  // namespace

Submit make_flow_submit(net::Runtime& runtime, const FlowContext& flow) {
    return [&runtime, &flow](
               mail::Envelope envelope, std::string bytes, std::function<void(Reply)> done) {
        struct Work {
            mail::Envelope envelope;
            std::string bytes;
            std::function<void(Reply)> done;
        };

        auto work = std::make_shared<Work>(std::move(envelope), std::move(bytes), std::move(done));
        const bool large = work->bytes.size() > large_message;
        auto run = [&flow, work] {
            try {
                run_flow(flow, std::move(work->envelope), std::move(work->bytes), work->done);
            } catch (const std::exception&) {
                // A broken invariant or no memory: this message is refused for now, the others go on.
                work->done(make_reply({.code = "gateway.failed",
                                       .fault = Fault::us,
                                       .text = "The message could not be processed"}));
            }
        };
        if (large) {
            runtime.post_long_work(std::move(run));
        } else {
            runtime.post_work(std::move(run));
        }
    };
}

CheckPassword make_password_check() {
    return [](std::string_view hash, std::string_view password) {
        return vault::verify_password(hash, password);
    };
}

SmtpDoor::SmtpDoor(DoorContext context, config::Listener listener)
    : context_(std::move(context)),
      listener_(std::make_shared<const config::Listener>(std::move(listener))),
      sessions_(std::make_shared<DoorSessions<SmtpConnection>>()) {}

SmtpDoor::~SmtpDoor() = default;

void SmtpDoor::start(net::Runtime& runtime, net::Listener socket) {
    socket_ = std::make_unique<net::Listener>(std::move(socket));
    socket_->serve(
        runtime,
        [this](std::unique_ptr<net::Stream> stream) { return serve(std::move(stream)); },
        "smtp " + socket_->local().text());
}

void SmtpDoor::close() {
    if (socket_) {
        socket_->close();
    }
}

void SmtpDoor::set_listener(config::Listener listener) {
    listener_.store(std::make_shared<const config::Listener>(std::move(listener)));
}

void SmtpDoor::stop() {
    close();
    sessions_->stop();
}

std::size_t SmtpDoor::sessions() const {
    return sessions_->count();
}

net::Task<void> SmtpDoor::serve(std::unique_ptr<net::Stream> stream) {
    auto connection =
        std::make_shared<SmtpConnection>(context_, listener_.load(), std::move(stream), sessions_);
    co_await SmtpConnection::run(std::move(connection));
}

}  // namespace bulla::gateway

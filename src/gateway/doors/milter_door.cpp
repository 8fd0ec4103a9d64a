#include "gateway/doors/milter_door.h"

#include "gateway/doors/door_sessions.h"
#include "gateway/doors/milter_connection.h"

#include <exception>
#include <utility>

namespace bulla::gateway {

namespace {

// Hashing, signing, compressing and syncing a message above this takes long enough to be felt by those behind it.
constexpr std::size_t large_message = std::size_t{1} << 20;

}  // namespace

SubmitMilter make_milter_submit(net::Runtime& runtime, const FlowContext& flow) {
    return [&runtime, &flow](mail::Envelope envelope,
                             std::string bytes,
                             MilterOptions options,
                             std::function<void(HandBack)> done) {
        struct Work {
            mail::Envelope envelope;
            std::string bytes;
            std::function<void(HandBack)> done;
        };

        auto work = std::make_shared<Work>(std::move(envelope), std::move(bytes), std::move(done));
        const bool large = work->bytes.size() > large_message;
        auto run = [&flow, work, options] {
            try {
                run_milter_flow(
                    flow, std::move(work->envelope), std::move(work->bytes), options, work->done);
            } catch (const std::exception&) {
                // A broken invariant or no memory: this message is refused for now, the others go on.
                work->done({.reply = make_reply({.code = "gateway.failed",
                                                 .fault = Fault::us,
                                                 .text = "The message could not be processed"}),
                            .edits = {},
                            .settle = {}});
            }
        };
        if (large) {
            runtime.post_long_work(std::move(run));
        } else {
            runtime.post_work(std::move(run));
        }
    };
}

MilterDoor::MilterDoor(MilterContext context, config::Listener listener)
    : context_(std::move(context)),
      listener_(std::make_shared<const config::Listener>(std::move(listener))),
      sessions_(std::make_shared<DoorSessions<MilterConnection>>()) {}

MilterDoor::~MilterDoor() = default;

void MilterDoor::start(net::Runtime& runtime, net::Listener socket) {
    socket_ = std::make_unique<net::Listener>(std::move(socket));
    socket_->serve(
        runtime,
        [this](std::unique_ptr<net::Stream> stream) { return serve(std::move(stream)); },
        "milter " + socket_->local().text());
}

void MilterDoor::close() {
    if (socket_) {
        socket_->close();
    }
}

void MilterDoor::set_listener(config::Listener listener) {
    listener_.store(std::make_shared<const config::Listener>(std::move(listener)));
}

void MilterDoor::stop() {
    close();
    sessions_->stop();
}

std::size_t MilterDoor::sessions() const {
    return sessions_->count();
}

net::Task<void> MilterDoor::serve(std::unique_ptr<net::Stream> stream) {
    auto connection = std::make_shared<MilterConnection>(
        context_, listener_.load(), std::move(stream), sessions_);
    co_await MilterConnection::run(std::move(connection));
}

}  // namespace bulla::gateway

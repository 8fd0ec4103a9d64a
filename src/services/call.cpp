#include "services/call.h"

#include "services/admin_client.h"
#include "services/owner.h"

#include <chrono>
#include <thread>
#include <unistd.h>

namespace bulla::services {
namespace {

constexpr int most_tries = 200;
constexpr std::chrono::milliseconds between_tries{50};

std::unexpected<Error> needs_daemon() {
    return fail(
        "service.needs_daemon",
        Fault::sender,
        "a notice can only be sent while the daemon runs: start it, or do without --notify");
}

Result<void> refuse_notice(seal::Batch&, const mail::Envelope&, const std::string&) {
    return needs_daemon();
}

bool wants_notice(const nlohmann::json& arguments) {
    const auto notify = arguments.find("notify");
    return notify != arguments.end() && *notify == true;
}

Result<nlohmann::json> call_here(const config::Config& config,
                                 OpenMode mode,
                                 std::string_view call,
                                 const nlohmann::json& arguments,
                                 const CallOptions& options) {
    BULLA_TRY(instance,
              Instance::open(config,
                             {.mode = mode, .prompt = options.prompt, .lock_patience = {}},
                             options.clock,
                             options.random));
    std::unique_ptr<queue::Queue> queue;
    if (call.starts_with("queue.")) {
        // Before anything is done: the queue drops a notice that cannot be sent, and the sender would never hear of the failure.
        if (wants_notice(arguments)) {
            return needs_daemon();
        }
        queue = instance->make_queue([](const std::string&) { return 1U; }, refuse_notice);
    }
    const auto context = instance->make_context(queue.get());
    return call_service(*context, Caller{"cli:" + user_name(::getuid())}, call, arguments);
}

bool is_unreachable(const Result<nlohmann::json>& result) {
    return !result && result.error().code == "admin.unreachable" &&
           result.error().fault == Fault::temporary;
}

Result<nlohmann::json> change(const config::Config& config,
                              std::string_view call,
                              const nlohmann::json& arguments,
                              const CallOptions& options) {
    // Between "locked" and "the daemon listens" lies its start, and between "it has stopped listening" and "unlocked" its stop; another
    // command may also be at work. All of them pass.
    for (int tries = 1;; ++tries) {
        auto here = call_here(config, OpenMode::owner, call, arguments, options);
        if (here || here.error().code != "instance.locked") {
            return here;
        }
        auto there = call_daemon(admin_socket_path(config), call, arguments);
        if (!is_unreachable(there) || tries == most_tries) {
            return there;
        }
        std::this_thread::sleep_for(between_tries);
    }
}

}  // namespace

Result<nlohmann::json> call_instance(const config::Config& config,
                                     std::string_view call,
                                     const nlohmann::json& arguments,
                                     const CallOptions& options) {
    const Service* service = find_service(call);
    if (service == nullptr) {
        return fail("service.unknown", Fault::us, "there is no service " + std::string(call));
    }
    if (service->work != Work::reads) {
        return change(config, call, arguments, options);
    }
    if (call.starts_with("queue.") || call == "status") {
        if (auto there = call_daemon(admin_socket_path(config), call, arguments);
            !is_unreachable(there)) {
            return there;
        }
    }
    return call_here(config, OpenMode::reader, call, arguments, options);
}

Result<std::unique_ptr<CallSession>> CallSession::open(const config::Config& config,
                                                       const CallOptions& options) {
    // The constructor is private, so make_unique cannot call it.
    std::unique_ptr<CallSession> out(new CallSession(config, options));
    auto instance =
        Instance::open(config,
                       {.mode = OpenMode::owner, .prompt = options.prompt, .lock_patience = {}},
                       options.clock,
                       options.random);
    if (instance) {
        out->instance_ = *std::move(instance);
        out->context_ = out->instance_->make_context(nullptr);
    } else if (instance.error().code != "instance.locked") {
        return std::unexpected(instance.error());
    }
    return out;
}

Result<nlohmann::json> CallSession::call(std::string_view name, const nlohmann::json& arguments) {
    if (context_ == nullptr) {
        return call_instance(config_, name, arguments, options_);
    }
    return call_service(*context_, Caller{"cli:" + user_name(::getuid())}, name, arguments);
}

}  // namespace bulla::services

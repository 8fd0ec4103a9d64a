#include "gateway/flow.h"

#include "base/log.h"
#include "gateway/stages.h"
#include "gateway/transit.h"

#include <fmt/format.h>

namespace bulla::gateway {

namespace {

using Stage = Result<void> (*)(const FlowContext&, Transit&);

// The life of a message between DATA and 250, top to bottom. Deliveries follow in the queue.
constexpr std::pair<std::string_view, Stage> stages[] = {
    {"identify", [](const FlowContext&, Transit& transit) { return identify(transit); }},
    {"decide", [](const FlowContext&, Transit& transit) { return decide(transit); }},
    {"sign",
     [](const FlowContext& context, Transit& transit) { return sign(transit, context.clock); }},
};

Result<void> run_stages(const FlowContext& context, Transit& transit) {
    for (const auto& [name, stage] : stages) {
        auto outcome = stage(context, transit);
        if (!transit.trace.empty() && transit.trace.back().stage == name) {
            transit.trace.back().at = context.clock.now();
        }
        if (!outcome) {
            return std::unexpected(std::move(outcome).error());
        }
    }
    return {};
}

Result<StartDeliveries> prepare(const FlowContext& context, Transit& transit, seal::Batch& batch) {
    BULLA_CHECK(run_stages(context, transit));
    return prepare_seal(context, transit, batch);
}

Result<Transit> begin(const FlowContext& context, mail::Envelope envelope, std::string bytes) {
    Transit transit;
    transit.id = context.ids.next();
    transit.begun = context.clock.now();
    transit.snapshot = context.snapshots.current();
    transit.envelope = std::move(envelope);
    const auto& limits = transit.snapshot->config.limits;
    BULLA_TRY(message,
              mail::Message::parse(
                  std::move(bytes),
                  {.max_header_bytes = limits.header_bytes, .max_fields = limits.header_fields}));
    transit.message = std::move(message);
    return transit;
}

Reply refuse(const MessageId& id, const Error& error) {
    auto reply = make_reply(error);
    log::write(error.fault == Fault::us ? log::Level::error : log::Level::info,
               "message.refused",
               {{"id", id.text()},
                {"reply", fmt::format("{} {}", reply.code, reply.enhanced)},
                {"code", std::string(error.code)},
                {"reason", error.text}});
    reply.text += fmt::format(" ({})", id.text());
    return reply;
}

}  // namespace

void run_flow(const FlowContext& context,
              mail::Envelope envelope,
              std::string bytes,
              std::function<void(Reply)> done) {
    auto transit = begin(context, std::move(envelope), std::move(bytes));
    if (!transit) {
        done(refuse(MessageId{}, transit.error()));
        return;
    }
    seal::Batch batch;
    auto start = prepare(context, *transit, batch);
    if (!start) {
        done(refuse(transit->id, start.error()));
        return;
    }
    batch.done = [id = transit->id, start = std::move(*start), done = std::move(done)](
                     Result<seal::Committed> committed) {
        if (!committed) {
            done(refuse(id, committed.error()));
            return;
        }
        start(*committed);
        done({.code = 250, .enhanced = "2.0.0", .text = "Ok: sealed and queued as " + id.text()});
    };
    context.sealer.submit(std::move(batch));
}

Result<void> inject_notice(const FlowContext& context,
                           seal::Batch& batch,
                           mail::Envelope envelope,
                           std::string bytes) {
    BULLA_TRY(transit, begin(context, std::move(envelope), std::move(bytes)));
    // Our own word: it is sent by our side, whoever asks for it.
    transit.envelope.trusted_network = true;
    BULLA_TRY(start, prepare(context, transit, batch));
    batch.done = [start = std::move(start),
                  then = std::move(batch.done)](Result<seal::Committed> committed) {
        if (committed) {
            start(*committed);
        }
        if (then) {
            then(std::move(committed));
        }
    };
    return {};
}

}  // namespace bulla::gateway

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
    Sealed sealed;
    auto prepared = run_stages(context, *transit);
    if (prepared) {
        prepared = prepare_seal(context, *transit, sealed);
    }
    if (!prepared) {
        done(refuse(transit->id, prepared.error()));
        return;
    }
    sealed.batch.done = [id = transit->id,
                         start = std::move(sealed.start_deliveries),
                         done = std::move(done)](Result<seal::Committed> committed) {
        if (!committed) {
            done(refuse(id, committed.error()));
            return;
        }
        start(*committed);
        done({.code = 250, .enhanced = "2.0.0", .text = "Ok: sealed and queued as " + id.text()});
    };
    context.sealer.submit(std::move(sealed.batch));
}

Result<void> inject(const FlowContext& context,
                    seal::Batch& batch,
                    mail::Envelope envelope,
                    std::string bytes,
                    std::function<void(const seal::Committed&)>& start_deliveries) {
    BULLA_TRY(transit, begin(context, std::move(envelope), std::move(bytes)));
    BULLA_CHECK(run_stages(context, transit));
    Sealed sealed{.batch = std::move(batch), .start_deliveries = {}};
    auto prepared = prepare_seal(context, transit, sealed);
    batch = std::move(sealed.batch);
    start_deliveries = std::move(sealed.start_deliveries);
    return prepared;
}

}  // namespace bulla::gateway

#include "gateway/flow.h"

#include "base/log.h"
#include "gateway/stages.h"
#include "gateway/transit.h"

#include <fmt/format.h>

namespace bulla::gateway {

namespace {

using Stage = Result<void> (*)(Transit&, const Clock&);

// The life of a message between DATA and 250, top to bottom. Deliveries follow in the queue.
constexpr std::pair<std::string_view, Stage> stages[] = {
    {"identify", [](Transit& transit, const Clock&) { return identify(transit); }},
    {"decide", [](Transit& transit, const Clock&) { return decide(transit); }},
    {"sign", sign},
};

std::vector<Metric> find_counts(const Transit& transit) {
    std::vector<Metric> counts{transit.outbound ? Metric::flow_outbound : Metric::flow_inbound};
    if (transit.archived) {
        counts.push_back(Metric::flow_archived);
    }
    if (transit.dkim_signed) {
        counts.push_back(Metric::flow_signed);
    }
    return counts;
}

Result<StartDeliveries> prepare(const FlowContext& context, Transit& transit, seal::Batch& batch) {
    BULLA_CHECK(run_stages(transit, context.clock));
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

Result<void> run_stages(Transit& transit, const Clock& clock) {
    for (const auto& [name, stage] : stages) {
        auto outcome = stage(transit, clock);
        if (!transit.trace.empty() && transit.trace.back().stage == name) {
            transit.trace.back().at = clock.now();
        }
        if (!outcome) {
            return std::unexpected(std::move(outcome).error());
        }
    }
    return {};
}

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
    batch.done = [id = transit->id,
                  counts = find_counts(*transit),
                  &metrics = context.metrics,
                  start = std::move(*start),
                  done = std::move(done)](Result<seal::Committed> committed) {
        if (!committed) {
            done(refuse(id, committed.error()));
            return;
        }
        for (const auto metric : counts) {
            metrics.add(metric);
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

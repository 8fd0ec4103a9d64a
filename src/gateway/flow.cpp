#include "gateway/flow.h"

#include "archive/catalogue.h"
#include "base/log.h"
#include "gateway/milter_flow.h"
#include "gateway/stages.h"
#include "gateway/transit.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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
    if (transit.beyond_mime_limits) {
        counts.push_back(Metric::flow_limit_mime);
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

// Why the message never reached anybody, as its page tells it.
archive::EventRow make_lost_event(const Transit& transit, Time now) {
    auto recipients = nlohmann::json::array();
    for (const auto& recipient : transit.envelope.recipients) {
        recipients.push_back(
            {{"to", recipient.mailbox.text()},
             {"status", "4.4.2"},
             {"reply", "the mail server went away before it was told; its client will try again"}});
    }
    const nlohmann::json detail{{"route", "milter"},
                                {"destination", transit.envelope.mta_id},
                                {"attempt", 1},
                                {"recipients", std::move(recipients)}};
    return {.message = transit.id,
            .at = now,
            .kind = "failed",
            .detail = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

void note_lost(const FlowContext& context, const MessageId& id, const archive::EventRow& event) {
    log::warning("milter.not_told", {{"id", id.text()}});
    seal::Batch batch;
    batch.riders.emplace_back(
        [&vault = context.vault, event](store::Tx& tx, const seal::Committed&) {
            return archive::insert_event(tx, vault, event);
        });
    batch.done = [id](Result<seal::Committed> committed) {
        if (!committed) {
            log::error("milter.not_noted", {{"id", id.text()}, {"reason", committed.error().text}});
        }
    };
    context.sealer.submit(std::move(batch));
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
        start(*committed, true);
        done({.code = 250, .enhanced = "2.0.0", .text = "Ok: sealed and queued as " + id.text()});
    };
    context.sealer.submit(std::move(batch));
}

void run_milter_flow(const FlowContext& context,
                     mail::Envelope envelope,
                     std::string bytes,
                     MilterOptions options,
                     std::function<void(HandBack)> done) {
    const auto refuse_with = [&done](const MessageId& id, const Error& error) {
        done({.reply = refuse(id, error), .edits = {}, .settle = {}});
    };
    auto transit = begin(context, std::move(envelope), std::move(bytes));
    if (!transit) {
        refuse_with(MessageId{}, transit.error());
        return;
    }
    using enum Transit::HandBackAbility;
    transit->ability = options.take_over ? none : options.can_change ? change : add;
    transit->folds_anew = !options.keeps_fields;
    seal::Batch batch;
    auto start = prepare(context, *transit, batch);
    if (!start) {
        refuse_with(transit->id, start.error());
        return;
    }
    HandBack answer{.reply = {}, .taken_over = !transit->handed_back, .edits = {}, .settle = {}};
    if (transit->handed_back) {
        auto edits = make_edits(transit->message, transit->copies.front());
        if (!edits) {
            refuse_with(transit->id,
                        {.code = "gateway.failed", .text = "the signed copy has no edits"});
            return;
        }
        answer.edits = *std::move(edits);
    }
    answer.reply = {
        .code = 250,
        .enhanced = "2.0.0",
        .text = (transit->handed_back ? "Ok: sealed as " : "Ok: sealed and queued as ") +
                transit->id.text()};
    // `lost` is made while the envelope is here: who was to get what the mail server may not have kept.
    auto lost = make_lost_event(*transit, context.clock.now());
    batch.done = [&context,
                  counts = find_counts(*transit),
                  id = transit->id,
                  lost = std::move(lost),
                  start = std::move(*start),
                  answer = std::move(answer),
                  done = std::move(done)](Result<seal::Committed> committed) mutable {
        if (!committed) {
            done({.reply = refuse(id, committed.error()), .edits = {}, .settle = {}});
            return;
        }
        for (const auto metric : counts) {
            context.metrics.add(metric);
        }
        answer.settle = [&context,
                         id,
                         lost = std::move(lost),
                         start = std::move(start),
                         committed = *std::move(committed)](bool told) {
            start(committed, told);
            if (!told) {
                note_lost(context, id, lost);
            }
        };
        done(std::move(answer));
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
            start(*committed, true);
        }
        if (then) {
            then(std::move(committed));
        }
    };
    return {};
}

}  // namespace bulla::gateway

#include "archive/export.h"
#include "archive/summary.h"
#include "base/encoding.h"
#include "services/archive.h"
#include "services/json_time.h"
#include "services/octets.h"
#include "services/stage_notes.h"
#include "services/table.h"
#include "services/tar.h"
#include "tlog/checkpoint.h"

#include <algorithm>

namespace bulla::services {
namespace {

constexpr std::size_t max_deliveries = 200;

json make_fact(json name, json value) {
    return {{"name", std::move(name)}, {"value", std::move(value)}};
}

json describe_stage(const json& stage) {
    auto facts = json::array();
    for (const auto& fact : stage.value("facts", json::array())) {
        if (fact.is_array() && fact.size() == 2) {
            facts.push_back(make_fact(fact[0], fact[1]));
        }
    }
    return {{"name", stage.value("stage", "")},
            {"at", json_time(stage.value("at", std::int64_t{0}))},
            {"facts", std::move(facts)},
            {"outcome", "ok"}};
}

/// Before all that the flow wrote down: that the message came in.
json describe_reception(const archive::MessageRow& row,
                        const archive::Summary& summary,
                        const json& trace) {
    auto facts = json::array();
    facts.push_back(make_fact("size", std::to_string(row.size)));
    if (!summary.client_ip.empty()) {
        facts.push_back(make_fact("client", summary.client_ip));
    }
    return {{"name", "receive"},
            {"at", json_time(trace.value("begun", std::int64_t{0}))},
            {"facts", std::move(facts)},
            {"outcome", "ok"}};
}

/// The stages as the flow wrote them down (openapi: Stage); none if the trace is not of that form.
json describe_stages(const archive::MessageRow& row, const archive::Summary& summary) {
    const auto trace = json::parse(row.trace, nullptr, false);
    auto stages = json::array();
    if (!trace.is_object() || !trace.contains("stages") || !trace["stages"].is_array()) {
        return stages;
    }
    stages.push_back(describe_reception(row, summary, trace));
    for (const auto& stage : trace["stages"]) {
        stages.push_back(describe_stage(stage));
        if (stages.back()["name"] == "sign") {
            const json copy{{"recipients", summary.recipients},
                            {"added", trace.value("added", "")}};
            stages.back()["copies"].push_back(copy);
        }
    }
    for (auto& stage : stages) {
        add_stage_notes(stage);
    }
    return stages;
}

json describe_events(const std::vector<archive::StoredEvent>& events) {
    auto list = json::array();
    for (const auto& event : events) {
        json made{{"sequence", event.row.sequence},
                  {"at", json_time(event.row.at)},
                  {"kind", event.row.kind},
                  {"detail", event.text_error ? event.text_error->text : event.row.detail}};
        const auto detail = json::parse(event.row.detail, nullptr, false);
        if (detail.is_object() && detail.contains("recipients") &&
            detail["recipients"].size() == 1) {
            made["recipient"] = detail["recipients"][0].value("to", "");
        }
        list.push_back(std::move(made));
    }
    return list;
}

/// RFC 9162 2.1.3.2: on which side each hash of the path stands.
json describe_path(std::uint64_t index, std::uint64_t size, const std::vector<tlog::Hash>& hashes) {
    auto path = json::array();
    std::uint64_t node = index;
    std::uint64_t last = size - 1;
    unsigned level = 0;
    for (const auto& hash : hashes) {
        while (node == last && node % 2 == 0 && node != 0) {
            node /= 2;
            last /= 2;
            ++level;
        }
        const bool left = node % 2 == 1;
        path.push_back({{"hash", hex_encode(tlog::view(hash))},
                        {"side", left ? "left" : "right"},
                        {"level", level},
                        {"index", left ? node - 1 : node + 1}});
        node /= 2;
        last /= 2;
        ++level;
    }
    return path;
}

Result<json> describe_proof(ServiceContext& context, const ArchiveReading& reading, MessageId id) {
    BULLA_TRY(proof, archive::prove_message(reading.catalogue(), reading.log(), id));
    BULLA_TRY(key, tlog::parse_verifier_key(context.log_key));
    BULLA_TRY(head, tlog::open_checkpoint(proof.checkpoint, key));
    BULLA_TRY(last, reading.log().last_checkpoint());
    json out{{"leaf", proof.index},
             {"leaf_hash", hex_encode(tlog::view(tlog::leaf_hash(proof.extra)))},
             {"entry", proof.extra},
             {"size", head.size},
             {"root", hex_encode(tlog::view(head.root))},
             {"path", describe_path(proof.index, head.size, proof.hashes)},
             {"checkpoint", proof.checkpoint},
             {"file", tlog::write_proof_file(proof)}};
    if (last && last->size == head.size) {
        out["signed"] = json_time(last->at);
    }
    return out;
}

Result<json> describe_deliveries(ServiceContext& context, MessageId id) {
    auto list = json::array();
    if (context.queue != nullptr) {
        queue::QueueFilter filter;
        filter.message = id;
        BULLA_TRY(page, context.queue->list(filter, 0, max_deliveries));
        std::ranges::transform(page.items, std::back_inserter(list), describe_delivery);
    }
    return list;
}

Result<MessageId> only_id(const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(id, read_message_id(in));
    BULLA_CHECK(in.finish());
    return id;
}

}  // namespace

// {"id"} → MessageLife. Error: archive.no_message.
Result<json> show_message(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_TRY(id, only_id(arguments));
    BULLA_TRY(reading, ArchiveReading::open(context));
    BULLA_TRY(stored, find_message(reading, id));
    BULLA_TRY(facts, load_message_facts(reading.connection(), {&id, 1}));
    auto out = describe_message(reading, stored, facts[id]);
    BULLA_TRY(signatures, reading.catalogue().signatures(id));
    BULLA_TRY(events, reading.catalogue().events(id));
    BULLA_TRY(deliveries, describe_deliveries(context, id));
    const auto summary = archive::parse_summary(stored.row.summary).value_or(archive::Summary{});
    out["message_id"] = summary.message_id;
    out["date"] = summary.date;
    out["client"] = {{"ip", summary.client_ip},
                     {"name", summary.client_name},
                     {"helo", summary.helo},
                     {"tls", summary.tls}};
    out["stages"] = describe_stages(stored.row, summary);
    out["events"] = describe_events(events);
    out["deliveries"] = std::move(deliveries);
    out["signatures"] = json::array();
    for (const auto& signature : signatures) {
        out["signatures"].push_back({{"signer", signature.signer},
                                     {"algorithm", signature.algorithm},
                                     {"fingerprint", signature.key_fingerprint},
                                     {"signed", json_time(signature.signed_at)}});
    }
    auto proof = describe_proof(context, reading, id);
    out["proof"] = proof ? std::move(*proof) : json();
    return out;
}

// {"id"} → the octets as they were received. Errors: archive.no_message, those of seal::RecordReader.
Result<json> give_message(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_TRY(id, only_id(arguments));
    BULLA_TRY(reading, ArchiveReading::open(context));
    BULLA_TRY(opened, archive::open_message(reading.catalogue(), reading.records(), id));
    return make_octets("message/rfc822", opened.plain, id.text() + ".eml");
}

// {"id"} → Proof with the proof file. Errors: archive.no_message, archive.no_leaf, log.missing_leaf.
Result<json> prove_message(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_TRY(id, only_id(arguments));
    BULLA_TRY(reading, ArchiveReading::open(context));
    return describe_proof(context, reading, id);
}

// {"id"} → a tar archive of all that others need to check the message. Errors: those of archive::export_detached.
Result<json> export_message(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_TRY(id, only_id(arguments));
    BULLA_TRY(reading, ArchiveReading::open(context));
    archive::Findings ignored;
    BULLA_TRY(trust, reading.trust(context, ignored));
    BULLA_TRY(files,
              archive::export_detached({.catalogue = reading.catalogue(),
                                        .log = reading.log(),
                                        .records = reading.records(),
                                        .keys = trust.keys,
                                        .log_key = context.log_key},
                                       id));
    std::string tar;
    for (const auto& file : files) {
        append_tar(tar, id.text() + "/" + file.name, file.bytes, id.time());
    }
    end_tar(tar);
    return make_octets("application/x-tar", tar, id.text() + ".tar");
}

}  // namespace bulla::services

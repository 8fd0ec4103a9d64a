#include "archive/log_consistency.h"
#include "base/encoding.h"
#include "services/archive.h"
#include "services/json_time.h"
#include "services/page.h"
#include "services/table.h"
#include "tlog/checkpoint.h"

#include <limits>

namespace bulla::services {
namespace {

/// A checkpoint as it is stored (openapi: Checkpoint); its root is the one that it says.
json describe_checkpoint(const archive::CheckpointRow& row) {
    const auto text = row.note.substr(0, row.note.find("\n\n") + 1);
    const auto checkpoint = tlog::parse_checkpoint(text);
    return {{"size", row.size},
            {"root", checkpoint ? hex_encode(tlog::view(checkpoint->root)) : std::string()},
            {"origin", checkpoint ? checkpoint->origin : std::string()},
            {"at", json_time(row.at)},
            {"note", row.note}};
}

json describe_forks(const std::vector<seal::ForkEntry>& forks) {
    auto list = json::array();
    for (const auto& fork : forks) {
        list.push_back({{"origin", fork.former},
                        {"size", fork.kept},
                        {"seen_size", fork.seen},
                        {"at", json_time(fork.time)},
                        {"actor", fork.actor},
                        {"reason", fork.reason}});
    }
    return list;
}

Result<archive::CheckpointRow> find_last(const ArchiveReading& reading) {
    BULLA_TRY(last, reading.log().last_checkpoint());
    if (!last) {
        return fail("log.empty", Fault::sender, "the log has no checkpoint yet");
    }
    return std::move(*last);
}

}  // namespace

// {} → Log. Error: log.empty.
Result<json> show_log(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_CHECK(Arguments(arguments).finish());
    BULLA_TRY(reading, ArchiveReading::open(context));
    BULLA_TRY(last, find_last(reading));
    BULLA_TRY(key, tlog::parse_verifier_key(context.log_key));
    BULLA_TRY(head, tlog::open_checkpoint(last.note, key));
    BULLA_TRY(forks, reading.log().forks());
    return json{{"origin", head.origin},
                {"size", head.size},
                {"root", hex_encode(tlog::view(head.root))},
                {"key", context.log_key},
                {"signed", json_time(last.at)},
                {"checkpoint", last.note},
                {"forks", describe_forks(forks)}};
}

// {} → the last signed checkpoint. Error: log.empty.
Result<json> give_checkpoint(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_CHECK(Arguments(arguments).finish());
    BULLA_TRY(reading, ArchiveReading::open(context));
    BULLA_TRY(last, find_last(reading));
    return json{{"media_type", "text/plain; charset=utf-8"},
                {"filename", "checkpoint"},
                {"octets", json::binary({last.note.begin(), last.note.end()})}};
}

// {"cursor"?, "limit"?} → {"items": [Checkpoint], "next"?}, newest first.
Result<json> list_checkpoints(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(limit, read_limit(in));
    BULLA_TRY(before, read_cursor(in, std::numeric_limits<std::int64_t>::max()));
    BULLA_CHECK(in.finish());
    BULLA_TRY(reading, ArchiveReading::open(context));
    BULLA_TRY(rows, reading.log().checkpoints_before(static_cast<std::uint64_t>(before), limit));
    json out{{"items", json::array()}};
    for (const auto& row : rows) {
        out["items"].push_back(describe_checkpoint(row));
    }
    if (rows.size() == limit) {
        out["next"] = std::to_string(rows.back().size);
    }
    return out;
}

// {"checkpoint" | "octets"} → {"consistent", "reason", "from_size", "to_size", "proof"}. Error: log.empty.
Result<json> prove_consistency(ServiceContext& context, const Caller&, const json& arguments) {
    constexpr std::size_t max_note = 64U << 10U;
    Arguments in(arguments);
    std::string note;
    if (const auto body = arguments.find("octets"); body != arguments.end() && body->is_binary()) {
        const auto& bytes = body->get_binary();
        note.assign(bytes.begin(), bytes.end());
    } else {
        BULLA_TRY(text, in.text("checkpoint", max_note));
        note = text;
        BULLA_CHECK(in.finish());
    }
    BULLA_TRY(reading, ArchiveReading::open(context));
    BULLA_TRY(key, tlog::parse_verifier_key(context.log_key));
    BULLA_TRY(answer, archive::check_consistency(reading.log(), key, note));
    auto proof = json::array();
    for (const auto& hash : answer.proof) {
        proof.push_back(hex_encode(tlog::view(hash)));
    }
    return json{{"consistent", answer.consistent},
                {"reason", answer.reason},
                {"from_size", answer.from},
                {"to_size", answer.to},
                {"proof", std::move(proof)}};
}

}  // namespace bulla::services

#include "archive/export.h"
#include "archive/log_walk.h"
#include "cli/archive_access.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "tlog/proof.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <ostream>

namespace bulla::cli {

namespace {

using nlohmann::json;

/// The last checkpoint of the log, checked with the log's key.
struct Head {
    tlog::Checkpoint head;
    std::string note;
};

Result<Head> read_head(ArchiveAccess& access) {
    BULLA_TRY(key, tlog::parse_verifier_key(access.instance().log_key()));
    BULLA_TRY(last, access.log().last_checkpoint());
    if (!last) {
        return fail(
            "log.empty", Fault::sender, "the log has no checkpoint yet: nothing was archived");
    }
    BULLA_TRY(head, tlog::open_checkpoint(last->note, key));
    return Head{head, last->note};
}

Result<void> print_or_write(Context& context, const std::string& path, const std::string& text) {
    if (!path.empty()) {
        return write_output_file(path, text);
    }
    context.out << text << std::flush;
    return {};
}

Result<ExitCode> checkpoint(Context& context, const std::string& output) {
    BULLA_TRY(access, ArchiveAccess::open(context));
    BULLA_TRY(last, read_head(*access));
    if (context.json && output.empty()) {
        print_json(context.out,
                   {{"origin", last.head.origin},
                    {"size", last.head.size},
                    {"root", tlog::write_hash(last.head.root)},
                    {"log_key", access->instance().log_key()},
                    {"note", last.note}});
        return ExitCode::ok;
    }
    BULLA_CHECK(print_or_write(context, output, last.note));
    return ExitCode::ok;
}

json json_of(const std::vector<tlog::Hash>& hashes) {
    auto list = json::array();
    for (const auto& hash : hashes) {
        list.push_back(tlog::write_hash(hash));
    }
    return list;
}

struct ProveOptions {
    std::string id{};
    std::string output{};
};

Result<ExitCode> prove(Context& context, const ProveOptions& options) {
    BULLA_TRY(id, parse_message_argument(options.id));
    BULLA_TRY(access, ArchiveAccess::open(context));
    BULLA_TRY(proof, archive::prove_message(access->catalogue(), access->log(), id));
    BULLA_TRY(key, tlog::parse_verifier_key(access->instance().log_key()));
    const auto head = tlog::open_checkpoint(proof.checkpoint, key);
    if (!head ||
        !tlog::verify_inclusion(
            tlog::leaf_hash(proof.extra), proof.index, head->size, proof.hashes, head->root)) {
        context.err
            << "bulla: the stored log gives no proof that holds: run \"bulla archive verify "
            << id.text() << "\"\n";
        return ExitCode::negative;
    }
    if (context.json && options.output.empty()) {
        print_json(context.out,
                   {{"id", id.text()},
                    {"index", proof.index},
                    {"size", head->size},
                    {"entry", proof.extra},
                    {"hashes", json_of(proof.hashes)},
                    {"log_key", access->instance().log_key()},
                    {"checkpoint", proof.checkpoint}});
        return ExitCode::ok;
    }
    BULLA_CHECK(print_or_write(context, options.output, tlog::write_proof_file(proof)));
    return ExitCode::ok;
}

/// Makes the proof from the stored log and checks it as somebody else would, with both checkpoints and nothing more.
Result<ExitCode> consistency(Context& context, const std::string& path) {
    BULLA_TRY(access, ArchiveAccess::open(context));
    BULLA_TRY(key, tlog::parse_verifier_key(access->instance().log_key()));
    BULLA_TRY(old, archive::load_head(path, key));
    BULLA_TRY(last, read_head(*access));
    const auto& now = last.head;
    std::string text;
    std::vector<tlog::Hash> hashes;
    if (old.head.size > now.size) {
        text = fmt::format(
            "NOT CONSISTENT: the log has {} leaves and is older than the checkpoint, which has {}",
            now.size,
            old.head.size);
    } else {
        auto tiles = access->log().tiles(now.size);
        auto proof = tlog::make_consistency_proof(old.head.size, now.size, tiles.reader());
        if (proof &&
            tlog::verify_consistency(old.head.size, old.head.root, now.size, now.root, *proof)) {
            hashes = std::move(*proof);
        } else {
            text = fmt::format(
                "NOT CONSISTENT: the log of {} leaves does not go on from the checkpoint of {} "
                "leaves: {}",
                now.size,
                old.head.size,
                proof ? "it was rewritten" : proof.error().text);
        }
    }
    const bool good = text.empty();
    if (context.json) {
        print_json(context.out,
                   {{"consistent", good},
                    {"from", old.head.size},
                    {"to", now.size},
                    {"proof", json_of(hashes)},
                    {"text", text}});
    } else {
        context.out << (good ? fmt::format("consistent: the log of {} leaves goes on from the "
                                           "checkpoint of {} leaves",
                                           now.size,
                                           old.head.size)
                             : text)
                    << '\n';
    }
    return good ? ExitCode::ok : ExitCode::negative;
}

}  // namespace

void add_log_commands(CLI::App& root, Context& context) {
    auto& group = add_group(
        root, "log", {"Checkpoints and proofs of the tamper-evident log", "bulla log checkpoint"});

    auto output = std::make_shared<std::string>();
    auto& head = add_command(group,
                             "checkpoint",
                             {"Give the last signed checkpoint: keep it elsewhere, and nothing "
                              "before it can be changed unseen",
                              "bulla log checkpoint -o /mnt/elsewhere/checkpoint"});
    head.add_option("-o,--output", *output, "The file [standard output]")->type_name("FILE");
    add_config_option(head, context);
    add_json_option(head, context);
    set_action(head, context, [output, &context] { return checkpoint(context, *output); });

    auto options = std::make_shared<ProveOptions>();
    auto& proof = add_command(group,
                              "prove",
                              {"Give the proof that a message is in the log (C2SP tlog-proof)",
                               "bulla log prove 1C5ZK3N8Q0A00 -o message.tlog-proof"});
    proof.add_option("id", options->id, "The message")->type_name("ID")->required();
    proof.add_option("-o,--output", options->output, "The file [standard output]")
        ->type_name("FILE");
    add_config_option(proof, context);
    add_json_option(proof, context);
    set_action(proof, context, [options, &context] { return prove(context, *options); });

    auto from = std::make_shared<std::string>();
    auto& grown = add_command(group,
                              "consistency",
                              {"Check that the log has only grown since a checkpoint that was kept "
                               "elsewhere; exit status 1 if not",
                               "bulla log consistency --from /mnt/elsewhere/checkpoint"});
    grown.add_option("--from", *from, "The checkpoint")->type_name("FILE")->required();
    add_config_option(grown, context);
    add_json_option(grown, context);
    set_action(grown, context, [from, &context] { return consistency(context, *from); });
}

}  // namespace bulla::cli

#include "archive/export.h"
#include "archive/log_consistency.h"
#include "base/file.h"
#include "cli/archive_access.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "services/log_fork.h"
#include "services/owner.h"
#include "tlog/proof.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <ostream>
#include <unistd.h>

namespace bulla::cli {

namespace {

using nlohmann::json;

constexpr std::size_t max_note = 64U << 10U;

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

Result<ExitCode> consistency(Context& context, const std::string& path) {
    BULLA_TRY(access, ArchiveAccess::open(context));
    BULLA_TRY(key, tlog::parse_verifier_key(access->instance().log_key()));
    const auto note = load_secret_file(path, max_note, FileAccess::anybody);
    if (!note) {
        return fail("log.no_checkpoint",
                    Fault::sender,
                    "the checkpoint cannot be read: " + note.error().text);
    }
    BULLA_TRY(answer, archive::check_consistency(access->log(), key, note->view()));
    if (context.json) {
        print_json(context.out,
                   {{"consistent", answer.consistent},
                    {"from", answer.from},
                    {"to", answer.to},
                    {"proof", json_of(answer.proof)},
                    {"text", answer.reason}});
    } else {
        context.out << (answer.consistent ? "consistent: " : "NOT CONSISTENT: ")
                    << printable(answer.reason) << '\n';
    }
    return answer.consistent ? ExitCode::ok : ExitCode::negative;
}

Result<ExitCode> fork_log(Context& context, services::LogForkOptions options) {
    BULLA_TRY(config, load_instance_config(context));
    options.actor = "cli:" + services::user_name(::getuid());
    options.prompt = true;
    BULLA_TRY(report, services::fork_instance_log(config, options, context.clock, context.random));
    if (context.json) {
        print_json(context.out,
                   {{"origin", report.origin},
                    {"former_origin", report.former},
                    {"size", report.kept},
                    {"seen_size", report.seen},
                    {"log_key", report.log_key}});
        return ExitCode::ok;
    }
    context.out << fmt::format(
        "The log goes on from {} leaves as {} ({} had {}).\nIts public key is now:\n    {}\nGive "
        "it "
        "to whoever checks this log, and keep its checkpoint elsewhere: bulla log checkpoint\n",
        report.kept,
        report.origin,
        report.former,
        report.seen,
        report.log_key);
    return ExitCode::ok;
}

void add_fork(CLI::App& group, Context& context) {
    const auto options = std::make_shared<services::LogForkOptions>();
    auto& command = add_command(
        group,
        "fork",
        {"Go on from an older copy of the database that was put back, knowing that what came after "
         "it is lost: the log gets a new name, and its next leaf says who accepted that, when, and "
         "why. The daemon must be stopped. Refused when nothing was put back",
         "bulla log fork --reason \"disk failed, backup of Monday restored\""});
    command
        .add_option("--reason",
                    options->reason,
                    "Why: stands in the log for good, where every auditor reads it")
        ->type_name("TEXT")
        ->required();
    command
        .add_option("--checkpoint",
                    options->checkpoint,
                    "A newer checkpoint that was kept elsewhere, if the state directory was put "
                    "back too [state/checkpoint]")
        ->type_name("FILE");
    add_config_option(command, context);
    add_json_option(command, context);
    set_action(command, context, [options, &context] { return fork_log(context, *options); });
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
    add_fork(group, context);
}

}  // namespace bulla::cli

#include "cli/archive_seal.h"

#include "base/encoding.h"
#include "cli/archive_access.h"
#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "emblem/seal_svg.h"

#include <algorithm>
#include <memory>
#include <ostream>

namespace bulla::cli {
namespace {

using nlohmann::json;

struct SealOptions {
    std::string id{};
    std::string output{};
    bool small = false;
};

Result<emblem::LeafHash> read_leaf_hash(const json& message) {
    BULLA_TRY(octets, hex_decode(message.value("leaf_hash", "")));
    emblem::LeafHash hash{};
    if (octets.size() != hash.size()) {
        return fail("archive.no_leaf", Fault::sender, "the message has no entry in the log");
    }
    std::ranges::copy(octets, hash.begin());
    return hash;
}

/// As the console judges: one broken link cracks the disc; it is whole only when nothing is left to check.
emblem::SealLook judge_look(const json& found) {
    using enum emblem::SealState;
    const std::string check = found.value("state", "");
    const std::string seal = found.value("seal", "");
    emblem::SealLook look;
    if (check == "failed" || seal == "cracked") {
        constexpr std::array<std::string_view, 5> links = {
            "content", "signature", "leaf", "tree", "checkpoint"};
        const auto at = std::ranges::find(links, found.value("broken", "content"));
        look.state = cracked;
        look.link = at == links.end() ? emblem::Link::content
                                      : static_cast<emblem::Link>(at - links.begin());
    } else if (seal == "whole" && check != "unchecked") {
        look.state = whole;
    }
    return look;
}

Result<ExitCode> draw_seal(Context& context, const SealOptions& options) {
    BULLA_TRY(message, call(context, "archive.show", {{"id", options.id}}));
    BULLA_TRY(hash, read_leaf_hash(message));
    BULLA_TRY(found, call(context, "archive.verify", {{"id", options.id}}));
    emblem::SealLook look = judge_look(found);
    look.cut = options.small ? emblem::Cut::small : emblem::Cut::large;
    const std::string svg = emblem::seal_svg(hash, look);
    if (options.output.empty()) {
        context.out << svg << std::flush;
    } else {
        BULLA_CHECK(write_output_file(options.output, svg));
    }
    return look.state == emblem::SealState::whole ? ExitCode::ok : ExitCode::negative;
}

}  // namespace

void add_archive_seal(CLI::App& group, Context& context) {
    const auto options = std::make_shared<SealOptions>();
    CLI::App& command =
        add_command(group,
                    "seal",
                    {"Verify a message and draw its seal, the same disc as in the console: whole, "
                     "cracked where the chain broke, or blank; exit status 1 unless it is whole",
                     "bulla archive seal 1C5ZK3N8Q0A00 > seal.svg"});
    command.add_option("id", options->id, "The message")->type_name("ID")->required();
    command.add_flag("--small", options->small, "As in a list, for up to 56 pixels");
    command.add_option("-o,--output", options->output, "The file [standard output]")
        ->type_name("PATH");
    add_instance_options(command, context);
    set_action(command, context, [options, &context] { return draw_seal(context, *options); });
}

}  // namespace bulla::cli

#include "base/file.h"
#include "cli/dkim_tool_io.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "directory/sign_plan.h"
#include "directory/signing_policy.h"
#include "dkim/sign.h"
#include "names/mailbox.h"

#include <memory>
#include <optional>
#include <ostream>

// Signing by a policy without an instance: what the daemon would do with the same file and the same keys.

namespace bulla::cli {
namespace {

struct Options {
    std::string policy;
    std::string key_directory;
    std::string sender;
    std::string me;
    std::vector<std::string> ours;
    std::string now;
};

Result<std::optional<Mailbox>> read_sender(const std::string& text) {
    if (text == "<>") {
        return std::optional<Mailbox>();
    }
    BULLA_TRY(mailbox, Mailbox::parse(text));
    return std::optional<Mailbox>(std::move(mailbox));
}

Result<directory::Snapshot> make_snapshot(const Options& options) {
    directory::Snapshot snapshot;
    for (const auto& name : options.ours) {
        BULLA_TRY(domain, DomainName::parse(name));
        snapshot.domains.emplace(domain.ascii(), true);
    }
    directory::PolicySource source{.file = options.policy,
                                   .text = {},
                                   .key_directory = options.key_directory,
                                   .me = std::nullopt};
    if (!options.me.empty()) {
        BULLA_TRY(me, DomainName::parse(options.me));
        source.me = me;
    }
    std::vector<std::string> problems;
    snapshot.signing_policy = directory::SigningPolicy::load(std::move(source), nullptr, problems);
    if (!snapshot.signing_policy->broken().empty()) {
        return fail("policy.bad", Fault::sender, snapshot.signing_policy->broken());
    }
    return snapshot;
}

Result<ExitCode> sign_by_policy(Context& context, const Options& options) {
    BULLA_TRY(now, time_or_now(context, options.now));
    BULLA_TRY(sender, read_sender(options.sender));
    BULLA_TRY(snapshot, make_snapshot(options));
    BULLA_TRY(input, read_message(context));
    const auto plan = directory::plan_signatures(
        snapshot,
        snapshot.signing_policy.get(),
        {.return_address = sender ? &*sender : nullptr, .author = nullptr},
        now);
    context.err << printable(plan.why) << '\n';
    for (const auto* sentences : {&plan.missing, &plan.left_out}) {
        for (const auto& sentence : *sentences) {
            context.err << "! " << printable(sentence) << '\n';
        }
    }
    std::vector<dkim::SignOptions> signatures;
    signatures.reserve(plan.signatures.size());
    for (const auto& one : plan.signatures) {
        signatures.push_back(one.options);
    }
    std::string header;
    if (!signatures.empty()) {
        BULLA_TRY(made, dkim::sign(input.message, signatures));
        header = input.has_lf_ends ? without_cr(made) : made;
    }
    context.out << header << input.bytes;
    // A key that is missing leaves the message without its signature, and whoever asked must know.
    return plan.missing.empty() ? ExitCode::ok : ExitCode::negative;
}

}  // namespace

void add_policy_sign(CLI::App& policy, Context& context) {
    CLI::App& command = add_command(
        policy,
        "sign",
        {"Signs the message on standard input as a dkimdomains file says, and prints it. Says on "
         "standard error why it is signed so. Needs no instance; the status is 1 if a key is "
         "missing.",
         "bulla dkim policy sign --policy control/dkimdomains --key-directory ssl/domainkeys "
         "--sender joe@example.com < message"});
    const auto options = std::make_shared<Options>();
    command.add_option("--policy", options->policy, "The dkimdomains file")->required();
    command.add_option("--key-directory", options->key_directory, "The directory of keys")
        ->required();
    command.add_option("--sender", options->sender, "The return address; <> for mail without one")
        ->required();
    command.add_option("--ours", options->ours, "A domain for which =: is; may be given again");
    command.add_option("--me", options->me, "The mail server's own name (control/me)");
    command.add_option("--now", options->now, "The time of signing, RFC 3339");
    set_action(command, context, [&context, options] { return sign_by_policy(context, *options); });
}

}  // namespace bulla::cli

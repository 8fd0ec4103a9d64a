#include "base/encoding.h"
#include "base/file.h"
#include "crypto/digest.h"
#include "directory/load.h"
#include "directory/sign_plan.h"
#include "directory/signing_policy.h"
#include "dkim/types.h"
#include "names/mailbox.h"
#include "policy/dkimdomains.h"
#include "services/change.h"
#include "services/finding_json.h"
#include "services/table.h"

#include <algorithm>
#include <fmt/format.h>

namespace bulla::services {
namespace {

/// What the database of an instance is to hold; more is for a file.
constexpr std::size_t most_policy_octets = std::size_t{512} << 10U;

std::string policy_mark(std::string_view text) {
    return hex_encode(crypto::view(crypto::sha256(text)));
}

json describe(const directory::PlannedSigning& signing) {
    const auto& options = signing.options;
    return {
        {"domain", options.domain.ascii()},
        {"selector", options.selector.text()},
        {"algorithm",
         options.key->public_key().type() == crypto::KeyType::ed25519 ? "ed25519-sha256"
                                                                      : "rsa-sha256"},
        {"canonicalization",
         fmt::format(
             "{}/{}", dkim::to_string(options.canon.header), dkim::to_string(options.canon.body))},
        {"expire_after", options.expire_after.value_or(0)},
        {"body_length", options.with_body_length},
        {"identity", options.identity.value_or("")},
        {"fingerprint", options.key->public_key().fingerprint()},
        {"key_of", signing.owner.ascii()},
        {"by", signing.by_policy ? "policy" : "keys"}};
}

/// How mail of `sender`, in the envelope and in From, is signed, and why.
json explain_for(const directory::Snapshot& snapshot,
                 const directory::SigningPolicy* policy,
                 const std::optional<Mailbox>& sender,
                 const std::optional<Mailbox>& author,
                 Time now) {
    const auto plan = directory::plan_signatures(
        snapshot,
        policy,
        {.return_address = sender ? &*sender : nullptr, .author = author ? &*author : nullptr},
        now);
    auto signatures = json::array();
    for (const auto& one : plan.signatures) {
        signatures.push_back(describe(one));
    }
    auto missed = json(plan.missing);
    for (const auto& sentence : plan.left_out) {
        missed.push_back(sentence);
    }
    for (const auto& sentence : plan.doubts) {
        missed.push_back(sentence);
    }
    return {{"sender", sender ? sender->text() : ""},
            {"author", author ? author->text() : ""},
            {"why", plan.why},
            {"line", plan.entry == nullptr ? 0 : plan.entry->line},
            {"signatures", std::move(signatures)},
            {"missed", std::move(missed)},
            {"refused", plan.refusal ? plan.refusal->text : std::string()}};
}

/// The line from which two policies differ; 0: they are the same.
std::size_t find_difference(std::string_view one, std::string_view other) {
    if (one == other) {
        return 0;
    }
    const auto [at, there] = std::ranges::mismatch(one, other);
    return static_cast<std::size_t>(std::count(one.begin(), at, '\n')) + 1;
}

std::string_view source_word(const directory::Snapshot& snapshot) {
    if (snapshot.signing_policy == nullptr) {
        return "keys";
    }
    return snapshot.signing_policy->source().file.empty() ? "instance" : "file";
}

/// What the instance's own policy is to the one in force.
json describe_own(const directory::SigningPolicy* policy) {
    if (policy == nullptr || policy->source().text.empty()) {
        return {{"lines", 0}, {"in_force", false}, {"differs_at", 0}};
    }
    const auto& source = policy->source();
    json out{{"lines", std::ranges::count(source.text, '\n')},
             {"in_force", source.file.empty()},
             {"differs_at", 0}};
    if (!source.file.empty()) {
        const auto file =
            load_secret_file(source.file, policy::PolicyLimits{}.most_octets, FileAccess::anybody);
        out["differs_at"] = file ? find_difference(source.text, file->view()) : 1;
    }
    return out;
}

Result<std::optional<Mailbox>> read_sender(const char* argument, const std::string& text) {
    if (text.empty() || text == "<>") {
        return std::optional<Mailbox>();
    }
    BULLA_TRY(mailbox, from_argument(argument, Mailbox::parse(text)));
    return std::optional<Mailbox>(std::move(mailbox));
}

/// "address"? and "from"?: for whom to explain; `from` is the author, the address itself unless told.
struct Asked {
    std::optional<Mailbox> sender;
    std::optional<Mailbox> author;
};

Result<std::optional<Asked>> read_asked(Arguments& in) {
    const bool asks = in.has("address");
    BULLA_TRY(text, in.text_or("address", "", 320));
    BULLA_TRY(from, in.text_or("from", text, 320));
    if (!asks) {
        return std::optional<Asked>();
    }
    BULLA_TRY(sender, read_sender("address", text));
    BULLA_TRY(author, read_sender("from", from));
    return std::optional<Asked>(Asked{std::move(sender), std::move(author)});
}

// By itself, so that no connection is held while a change waits for its commit.
Result<std::string> load_own_text(ServiceContext& context) {
    BULLA_TRY(connection, context.database.lease());
    return directory::load_policy_text(*connection);
}

}  // namespace

// {"address"?, "from"?} → {"source": "file" | "instance" | "keys", "file", "key_directory", "revision", "entries", "broken", "own": {"lines",
// "in_force", "differs_at"}, "address"?: {"sender", "author", "why", "line", "signatures", "missed", "refused"}}: what decides about
// signatures, and for a return address ("" or "<>": none) and an author how and why. `own` is the instance's own policy; `differs_at` its first
// line that is not in the file in force. Errors: mailbox.bad.
Result<json> show_dkim_policy(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(asked, read_asked(in));
    BULLA_CHECK(in.finish());
    const auto snapshot = context.snapshots.current();
    const auto* policy = snapshot->signing_policy.get();
    json out{{"source", source_word(*snapshot)},
             {"file", snapshot->settings.dkim_policy_file},
             {"key_directory", snapshot->settings.dkim_key_directory},
             {"revision", snapshot->revision},
             {"entries", policy == nullptr ? 0 : policy->domains().size()},
             {"broken", policy == nullptr ? std::string() : policy->broken()},
             {"own", describe_own(policy)}};
    if (asked) {
        out["address"] =
            explain_for(*snapshot, policy, asked->sender, asked->author, context.clock.now());
    }
    return out;
}

// {} → {"text", "mark"}: the instance's own policy, empty if it has none, and what tells it from another.
Result<json> give_dkim_policy(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_CHECK(in.finish());
    BULLA_TRY(text, load_own_text(context));
    return json{{"text", text}, {"mark", policy_mark(text)}};
}

// {"text", "address"?, "from"?} → {"entries", "errors", "warnings": [{"line", "column", "text"}], "more", "address"?}: what is wrong with a
// policy and, if nothing is, how it would sign. Changes nothing. Errors: mailbox.bad.
Result<json> try_dkim_policy(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(text, in.text("text", most_policy_octets));
    BULLA_TRY(asked, read_asked(in));
    BULLA_CHECK(in.finish());
    const auto parsed = policy::parse_dkimdomains(text);
    json out{{"entries", parsed.policy.size()},
             {"errors", to_json(parsed.errors)},
             {"warnings", to_json(parsed.warnings)},
             {"more", parsed.more_findings}};
    if (asked && parsed.errors.empty()) {
        const auto snapshot = context.snapshots.current();
        directory::PolicySource source{.file = {},
                                       .text = std::move(text),
                                       .key_directory = snapshot->settings.dkim_key_directory,
                                       .me = directory::own_name(snapshot->config),
                                       .pkcs11_modules = snapshot->config.pkcs11.modules};
        std::vector<std::string> problems;
        const auto policy = source.text.empty()
                                ? nullptr
                                : directory::SigningPolicy::load(
                                      std::move(source), snapshot->signing_policy.get(), problems);
        out["address"] =
            explain_for(*snapshot, policy.get(), asked->sender, asked->author, context.clock.now());
    }
    return out;
}

// {"text", "before"?} → {"entries", "warnings", "in_force"}: puts it in the place of the instance's own policy; "" removes it. `before`: the mark
// of the policy that it was made from; if it is another one by now, nothing is done. Errors: policy.bad, policy.changed.
Result<json> set_dkim_policy(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(text, in.text("text", most_policy_octets));
    BULLA_TRY(before, in.text_or("before", "", 64));
    BULLA_CHECK(in.finish());
    if (!text.empty() && !text.ends_with('\n')) {
        text += '\n';
    }
    const auto parsed = policy::parse_dkimdomains(text);
    if (!parsed.errors.empty()) {
        return refuse(
            "text", "policy.bad", policy::write_finding("dkim policy", parsed.errors.front()));
    }
    BULLA_TRY(present, load_own_text(context));
    if (!before.empty() && before != policy_mark(present)) {
        return fail("policy.changed",
                    Fault::sender,
                    "the policy has been changed by somebody else meanwhile: look at it again");
    }
    if (text != present) {
        BULLA_CHECK(commit_change(
            context,
            caller,
            {.action = text.empty() ? "dkim.policy.clear" : "dkim.policy.set",
             .target = "dkim policy",
             .detail = {{"entries", parsed.policy.size()},
                        {"sha256", text.empty() ? std::string() : policy_mark(text)}},
             .rows = [text](store::Tx& tx, const seal::Committed&) -> Result<void> {
                 const std::string name(directory::policy_row);
                 BULLA_CHECK(tx.run("delete from meta where name = :name", {name}));
                 return text.empty()
                            ? Result<void>()
                            : tx.run("insert into meta (name, value) values (:name, :value)",
                                     {name, text});
             }}));
    }
    const auto& file = context.snapshots.current()->settings.dkim_policy_file;
    return json{{"entries", parsed.policy.size()},
                {"warnings", to_json(parsed.warnings)},
                {"in_force", file.empty()}};
}

}  // namespace bulla::services

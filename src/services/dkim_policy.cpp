#include "directory/signing_policy.h"
#include "dkim/types.h"
#include "names/mailbox.h"
#include "policy/plan.h"
#include "services/table.h"

#include <fmt/format.h>

namespace bulla::services {
namespace {

json describe(const dkim::SignOptions& options, const DomainName& directory) {
    json out{
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
        {"key_of", directory.ascii()}};
    return out;
}

/// What the policy in files says of mail from `sender`.
json explain_by_policy(const directory::Snapshot& snapshot,
                       const directory::SigningPolicy& policy,
                       const std::optional<Mailbox>& sender,
                       Time now) {
    const DomainName* domain = sender ? &sender->domain() : nullptr;
    const auto* entry = policy.domains().decide(
        domain, [&](const DomainName& name) { return snapshot.is_local(name); });
    auto signatures = json::array();
    auto missed = json::array();
    if (entry != nullptr && entry->kind != policy::EntryKind::never) {
        for (const auto& planned : entry->signatures) {
            const auto found = policy.find_key(domain, planned);
            if (!found) {
                missed.push_back(found.error().text);
                continue;
            }
            std::string left_out;
            signatures.push_back(describe(policy::make_sign_options(*entry,
                                                                    planned,
                                                                    found->directory,
                                                                    sender ? sender->text() : "",
                                                                    found->key,
                                                                    now,
                                                                    left_out),
                                          found->directory));
            if (!left_out.empty()) {
                missed.push_back(left_out);
            }
        }
    }
    return {{"why", policy::explain(entry, domain)},
            {"line", entry == nullptr ? 0 : entry->line},
            {"signatures", std::move(signatures)},
            {"missed", std::move(missed)}};
}

/// What the keys of the database say of mail from `sender`.
json explain_by_keys(const directory::Snapshot& snapshot, const std::optional<Mailbox>& sender) {
    auto signatures = json::array();
    std::string why = "mail without a From address is not signed";
    if (sender) {
        const auto& domain = sender->domain();
        const auto keys = snapshot.dkim_keys.find(domain.ascii());
        const bool has = keys != snapshot.dkim_keys.end() && !keys->second.empty();
        why =
            domain.unicode() + (has ? " has keys here: they sign mail whose From is of that domain"
                                    : " has no key here: its mail is not signed");
        const auto& settings = snapshot.settings_for(domain);
        for (const auto& key : has ? keys->second : std::vector<directory::DkimKey>{}) {
            dkim::SignOptions options{
                .domain = domain,
                .selector = key.selector,
                .key = key.signer,
                .canon = dkim::parse_canon_pair(settings.dkim_canonicalization)
                             .value_or(dkim::CanonPair{})};
            if (settings.dkim_expiry_seconds > 0) {
                options.expire_after = settings.dkim_expiry_seconds;
            }
            signatures.push_back(describe(options, domain));
        }
    }
    return {{"why", why},
            {"line", 0},
            {"signatures", std::move(signatures)},
            {"missed", json::array()}};
}

}  // namespace

// {"address"?} → {"source": "file" | "keys", "file", "key_directory", "revision", "entries", "broken", "address"?: {"sender", "why", "line",
// "signatures", "missed"}}: what decides about signatures, and for an address how and why ("" or "<>": mail without a sender).
// Errors: mailbox.bad.
Result<json> show_dkim_policy(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    const bool asks = arguments.contains("address");
    BULLA_TRY(text, in.text_or("address", "", 320));
    BULLA_CHECK(in.finish());
    const auto snapshot = context.snapshots.current();
    const auto& policy = snapshot->signing_policy;
    json out{{"source", policy == nullptr ? "keys" : "file"},
             {"file", snapshot->settings.dkim_policy_file},
             {"key_directory", snapshot->settings.dkim_key_directory},
             {"revision", snapshot->revision},
             {"entries", policy == nullptr ? 0 : policy->domains().size()},
             {"broken", policy == nullptr ? std::string() : policy->broken()}};
    if (!asks) {
        return out;
    }
    std::optional<Mailbox> sender;
    if (!text.empty() && text != "<>") {
        BULLA_TRY(mailbox, Mailbox::parse(text));
        sender = mailbox;
    }
    auto said = policy == nullptr
                    ? explain_by_keys(*snapshot, sender)
                    : explain_by_policy(*snapshot, *policy, sender, context.clock.now());
    said["sender"] = sender ? sender->text() : "";
    out["address"] = std::move(said);
    return out;
}

}  // namespace bulla::services

#include "directory/sign_plan.h"

#include "directory/signing_policy.h"
#include "policy/plan.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bulla::directory {
namespace {

void add_sentence(std::string& why, std::string_view sentence) {
    why += why.empty() ? "" : "; ";
    why += sentence;
}

void refuse(SignPlan& plan, std::string_view code, std::string text) {
    plan.refusal = Error{code, Fault::us, std::move(text), {}};
}

// DK-17: the key that DNS serves, as it was seen last.
void doubt(const Settings& settings,
           const DomainName& domain,
           const Selector& selector,
           SignPlan& plan) {
    plan.doubts.push_back(fmt::format(
        "the DNS has not the record of {}._domainkey.{}", selector.text(), domain.ascii()));
    if (settings.dkim_record_wrong_refuse && !plan.refusal) {
        refuse(plan, "dkim.record_wrong", plan.doubts.back() + " (setting dkim_record_wrong)");
    }
}

void plan_by_policy(const Snapshot& snapshot,
                    const SigningPolicy& policy,
                    const Mailbox* sender,
                    Time now,
                    SignPlan& plan) {
    plan.by_policy = true;
    if (!policy.broken().empty()) {
        refuse(plan, "dkim.policy_broken", policy.broken());
        plan.why = "the signing policy cannot be read";
        return;
    }
    const DomainName* domain = sender == nullptr ? nullptr : &sender->domain();
    plan.entry = policy.domains().decide(
        domain, [&](const DomainName& name) { return snapshot.is_local(name); });
    plan.why = policy::explain(plan.entry, domain);
    if (plan.entry == nullptr) {
        return;
    }
    const std::string text = sender == nullptr ? std::string() : sender->text();
    for (const auto& planned : plan.entry->signatures) {
        auto found = policy.find_key(domain, planned, snapshot.dkim_keys);
        if (!found) {
            plan.missing.push_back(std::move(found).error().text);
            continue;
        }
        std::string left_out;
        auto options = policy::make_sign_options(
            *plan.entry, planned, found->owner, text, std::move(found->key), now, left_out);
        options.selector = std::move(found->selector);
        options.fields = plan.settings->dkim_signed_fields;
        if (found->record_wrong) {
            doubt(*plan.settings, options.domain, options.selector, plan);
        }
        plan.signatures.push_back(
            {.options = std::move(options), .owner = std::move(found->owner), .by_policy = true});
        if (!left_out.empty()) {
            plan.left_out.push_back(std::move(left_out));
        }
    }
    if (!plan.missing.empty() && plan.settings->dkim_missing_key_refuse) {
        refuse(plan, "dkim.key_missing", plan.missing.front());
    }
}

bool is_planned(const SignPlan& plan, const DkimKey& key) {
    return std::ranges::any_of(plan.signatures, [&](const PlannedSigning& one) {
        return one.options.domain == key.domain && one.options.selector == key.selector;
    });
}

void plan_by_keys(const Snapshot& snapshot, const Mailbox* author, Time now, SignPlan& plan) {
    if (author == nullptr) {
        if (!plan.by_policy) {
            plan.why = "mail without a From address is not signed";
        }
        return;
    }
    const auto& domain = author->domain();
    const auto& settings = snapshot.settings_for(domain);
    const auto keys = snapshot.dkim_keys.find(domain.ascii());
    if (keys == snapshot.dkim_keys.end() || keys->second.empty()) {
        // A line of the policy that is for the mail has decided already.
        const bool local = snapshot.is_local(domain);
        if (plan.entry != nullptr || (plan.by_policy && !local)) {
            return;
        }
        add_sentence(plan.why, fmt::format("{} has no DKIM key here", domain.unicode()));
        if (settings.dkim_missing_key_refuse && local) {
            refuse(plan,
                   "dkim.key_missing",
                   fmt::format("{} has no DKIM key (setting dkim_missing_key)", domain.ascii()));
        }
        return;
    }
    add_sentence(plan.why,
                 fmt::format("mail whose From is of {} is signed with its keys", domain.unicode()));
    const auto canon = dkim::parse_canon_pair(settings.dkim_canonicalization)
                           .value_or(dkim::CanonPair{dkim::Canon::relaxed, dkim::Canon::relaxed});
    for (const auto& key : keys->second) {
        if (is_planned(plan, key)) {
            continue;
        }
        dkim::SignOptions options{.domain = domain,
                                  .selector = key.selector,
                                  .key = key.signer,
                                  .canon = canon,
                                  .time = now,
                                  .fields = settings.dkim_signed_fields};
        if (settings.dkim_expiry_seconds > 0) {
            options.expire_after = settings.dkim_expiry_seconds;
        }
        if (key.record_wrong) {
            doubt(settings, domain, key.selector, plan);
        }
        plan.signatures.push_back({.options = std::move(options), .owner = domain});
    }
}

}  // namespace

SignPlan plan_signatures(const Snapshot& snapshot,
                         const SigningPolicy* policy,
                         const Senders& senders,
                         Time now) {
    SignPlan plan;
    const Mailbox* decides = policy == nullptr ? senders.author : senders.return_address;
    plan.settings =
        decides == nullptr ? &snapshot.settings : &snapshot.settings_for(decides->domain());
    if (policy != nullptr) {
        plan_by_policy(snapshot, *policy, senders.return_address, now, plan);
    }
    const bool never = plan.entry != nullptr && plan.entry->kind == policy::EntryKind::never;
    if (!never && !plan.refusal) {
        plan_by_keys(snapshot, senders.author, now, plan);
    }
    return plan;
}

}  // namespace bulla::directory

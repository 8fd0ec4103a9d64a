#include "base/log.h"
#include "directory/signing_policy.h"
#include "dkim/sign.h"
#include "dkim/verify.h"
#include "gateway/stages.h"
#include "gateway/trace_fields.h"
#include "policy/plan.h"

#include <fmt/format.h>
#include <optional>

namespace bulla::gateway {

namespace {

/// What is to be signed, whoever said so.
struct Plan {
    const DomainName* domain = nullptr;  ///< Whose settings hold; null: the server's.
    std::vector<dkim::SignOptions> options;
};

const directory::Settings& settings_of(const Transit& transit, const DomainName* domain) {
    return domain == nullptr ? transit.snapshot->settings : transit.snapshot->settings_for(*domain);
}

// DKD-03: the domain that signs is the one of the From address, whoever's account sends.
Result<Plan> plan_by_keys(const Transit& transit, Time now, TraceStep& step) {
    Plan plan;
    if (transit.from.empty()) {
        step.facts.emplace_back("unsigned", "there is no From address");
        return plan;
    }
    const auto& domain = transit.from.front().domain();
    plan.domain = &domain;
    const auto& settings = transit.snapshot->settings_for(domain);
    const auto keys = transit.snapshot->dkim_keys.find(domain.ascii());
    if (keys == transit.snapshot->dkim_keys.end() || keys->second.empty()) {
        if (settings.dkim_missing_key_refuse && transit.snapshot->is_local(domain)) {
            return fail(
                "dkim.key_missing",
                Fault::us,
                fmt::format("{} has no DKIM key (setting dkim_missing_key)", domain.ascii()));
        }
        step.facts.emplace_back("unsigned", fmt::format("{} has no DKIM key", domain.ascii()));
        return plan;
    }
    const auto canon = dkim::parse_canon_pair(settings.dkim_canonicalization)
                           .value_or(dkim::CanonPair{dkim::Canon::relaxed, dkim::Canon::relaxed});
    plan.options.reserve(keys->second.size());
    for (const auto& key : keys->second) {
        dkim::SignOptions option{.domain = domain,
                                 .selector = key.selector,
                                 .key = key.signer,
                                 .canon = canon,
                                 .time = now,
                                 .fields = settings.dkim_signed_fields};
        if (settings.dkim_expiry_seconds > 0) {
            option.expire_after = settings.dkim_expiry_seconds;
        }
        plan.options.push_back(std::move(option));
    }
    return plan;
}

// DK-16: one policy for every door; it asks for the domain of the envelope sender.
Result<Plan> plan_by_policy(const Transit& transit,
                            const directory::SigningPolicy& policy,
                            Time now,
                            TraceStep& step) {
    if (!policy.broken().empty()) {
        return fail("dkim.policy_broken", Fault::us, policy.broken());
    }
    Plan plan;
    const auto& from = transit.envelope.from;
    plan.domain = from ? &from->domain() : nullptr;
    const auto* entry = policy.domains().decide(
        plan.domain, [&](const DomainName& domain) { return transit.snapshot->is_local(domain); });
    step.facts.emplace_back("policy", policy::explain(entry, plan.domain));
    if (entry == nullptr || entry->kind == policy::EntryKind::never) {
        step.facts.emplace_back("unsigned", "by the policy");
        return plan;
    }
    const std::string sender = from ? from->text() : std::string();
    for (const auto& planned : entry->signatures) {
        const auto found = policy.find_key(plan.domain, planned);
        if (!found) {
            if (settings_of(transit, plan.domain).dkim_missing_key_refuse) {
                return fail("dkim.key_missing", Fault::us, found.error().text);
            }
            log::warning("dkim.key_missing",
                         {{"id", transit.id.text()}, {"reason", found.error().text}});
            step.facts.emplace_back("missing key", found.error().text);
            continue;
        }
        std::string left_out;
        plan.options.push_back(policy::make_sign_options(
            *entry, planned, found->directory, sender, found->key, now, left_out));
        if (!left_out.empty()) {
            step.facts.emplace_back("left out", left_out);
        }
    }
    if (plan.options.empty()) {
        step.facts.emplace_back("unsigned", "none of its keys can be used");
    }
    return plan;
}

Result<Plan> make_plan(const Transit& transit, Time now, TraceStep& step) {
    if (!transit.outbound) {
        step.facts.emplace_back("unsigned", "inbound mail is not signed");
        return Plan{};
    }
    const auto& policy = transit.snapshot->signing_policy;
    BULLA_TRY(plan,
              policy == nullptr ? plan_by_keys(transit, now, step)
                                : plan_by_policy(transit, *policy, now, step));
    // Whoever folds the fields anew breaks simple canonicalization.
    if (transit.handed_back && transit.folds_anew) {
        for (auto& option : plan.options) {
            option.canon.header = dkim::Canon::relaxed;
        }
    }
    return plan;
}

// Principle 5: what was just signed is verified on the exact bytes that leave, against our public key.
Result<bool> check_own_work(const Plan& plan,
                            const std::string& added,
                            const mail::Message& message,
                            const Transit& transit,
                            Time now) {
    std::vector<dkim::OwnKey> own;
    own.reserve(plan.options.size());
    for (const auto& option : plan.options) {
        own.push_back({.domain = option.domain,
                       .selector = option.selector,
                       .key = option.key->public_key()});
    }
    BULLA_TRY(results, dkim::self_check(added, message, own, now));
    std::string reason = results.size() == own.size() ? "" : "a signature is missing";
    for (const auto& result : results) {
        if (result.verdict != Verdict::pass) {
            reason = fmt::format("{}: {}", result.selector, result.reason);
        }
    }
    if (reason.empty()) {
        return true;
    }
    log::error("dkim.self_check_failed",
               {{"id", transit.id.text()},
                {"domain", plan.options.front().domain.ascii()},
                {"reason", reason}});
    if (settings_of(transit, plan.domain).dkim_self_check_refuse) {
        return fail("dkim.self_check_failed",
                    Fault::us,
                    "the signature just made does not verify: " + reason);
    }
    return false;
}

// The message that is signed: with what a submission lacked, when it lacked something.
Result<mail::Message> complete(const Copy& copy, const std::string& missing) {
    if (missing.empty()) {
        return copy.message;
    }
    std::string bytes;
    bytes.reserve(missing.size() + copy.message.bytes().size());
    bytes += missing;
    bytes += copy.message.bytes();
    return mail::Message::parse(std::move(bytes));
}

Result<void> sign_copy(
    Transit& transit, Copy& copy, const std::string& missing, Time now, TraceStep& step) {
    BULLA_TRY(plan, make_plan(transit, now, step));
    if (plan.options.empty()) {
        return {};
    }
    BULLA_TRY(whole, complete(copy, missing));
    BULLA_TRY(signatures, dkim::sign(whole, plan.options));
    BULLA_TRY(passed, check_own_work(plan, signatures, whole, transit, now));
    for (const auto& option : plan.options) {
        step.facts.emplace_back(
            "dkim", fmt::format("d={} s={}", option.domain.ascii(), option.selector.text()));
        transit.key_uses.push_back(
            {.purpose = "dkim", .fingerprint = option.key->public_key().fingerprint()});
    }
    step.facts.emplace_back("self-check", passed ? "pass" : "fail (setting dkim_self_check)");
    copy.prefix = signatures + copy.prefix;
    transit.dkim_signed = true;
    return {};
}

}  // namespace

Result<void> sign(Transit& transit, const Clock& clock) {
    TraceStep step{.stage = "sign", .at = {}, .facts = {}};
    const auto now = clock.now();
    const auto& config = transit.snapshot->config;
    for (auto& copy : transit.copies) {
        std::string missing;
        if (transit.account) {
            missing = make_missing_fields(copy.message, config.hostname, transit.id, now);
        }
        // A filter is no hop: the mail server's own Received tells of the client.
        if (transit.snapshot->settings.received_header && !transit.handed_back) {
            copy.prefix = make_received(transit.envelope, transit.id, config.hostname, now);
        }
        copy.prefix += missing;
        BULLA_CHECK(sign_copy(transit, copy, missing, now, step));
    }
    transit.trace.push_back(std::move(step));
    return {};
}

}  // namespace bulla::gateway

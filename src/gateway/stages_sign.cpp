#include "base/log.h"
#include "directory/sign_plan.h"
#include "dkim/sign.h"
#include "dkim/verify.h"
#include "gateway/stages.h"
#include "gateway/trace_fields.h"

#include <fmt/format.h>
#include <optional>

namespace bulla::gateway {

namespace {

Result<std::vector<dkim::SignOptions>> take_options(directory::SignPlan&& plan,
                                                    const Transit& transit,
                                                    TraceStep& step) {
    step.facts.emplace_back(plan.by_policy ? "policy" : "keys", plan.why);
    for (const auto& reason : plan.missing) {
        log::warning("dkim.key_missing", {{"id", transit.id.text()}, {"reason", reason}});
        step.facts.emplace_back("missing key", reason);
    }
    for (auto& reason : plan.left_out) {
        step.facts.emplace_back("left out", std::move(reason));
    }
    for (auto& reason : plan.doubts) {
        step.facts.emplace_back("record", std::move(reason));
    }
    if (plan.refusal) {
        return std::unexpected(*std::move(plan.refusal));
    }
    if (plan.signatures.empty()) {
        step.facts.emplace_back("unsigned", "no key is to sign it");
    }
    std::vector<dkim::SignOptions> options;
    options.reserve(plan.signatures.size());
    for (auto& one : plan.signatures) {
        // Whoever folds the fields anew breaks simple canonicalization.
        if (transit.handed_back && transit.folds_anew) {
            one.options.canon.header = dkim::Canon::relaxed;
        }
        options.push_back(std::move(one.options));
    }
    return options;
}

// Principle 5: what was just signed is verified on the exact bytes that leave, against our public key.
Result<bool> check_own_work(const std::vector<dkim::SignOptions>& options,
                            const directory::Settings& settings,
                            const std::string& added,
                            const mail::Message& message,
                            const Transit& transit,
                            Time now) {
    std::vector<dkim::OwnKey> own;
    own.reserve(options.size());
    for (const auto& option : options) {
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
                {"domain", options.front().domain.ascii()},
                {"reason", reason}});
    if (settings.dkim_self_check_refuse) {
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

// DKD-03: "relayed outside mail whose From matches a local object is signed too only by a switch".
bool is_relayed_for_us(const Transit& transit) {
    if (transit.from.empty()) {
        return false;
    }
    const auto& author = transit.from.front().domain();
    return transit.snapshot->is_local(author) &&
           transit.snapshot->settings_for(author).dkim_sign_relayed;
}

// For the self-check: one owner of a signature who wants a failed one refused is enough.
const directory::Settings& strictest_settings(const directory::Snapshot& snapshot,
                                              const directory::SignPlan& plan) {
    for (const auto& one : plan.signatures) {
        const auto& own = snapshot.settings_for(one.owner);
        if (own.dkim_self_check_refuse) {
            return own;
        }
    }
    return *plan.settings;
}

Result<void> sign_copy(
    Transit& transit, Copy& copy, const std::string& missing, Time now, TraceStep& step) {
    if (!transit.outbound && !is_relayed_for_us(transit)) {
        step.facts.emplace_back("unsigned", "inbound mail is not signed");
        return {};
    }
    const directory::Senders senders{
        .return_address = transit.envelope.from ? &*transit.envelope.from : nullptr,
        .author = transit.from.empty() ? nullptr : &transit.from.front()};
    // The policy goes by the return address, and that of outside mail is anybody's word.
    const auto* policy = transit.outbound ? transit.snapshot->signing_policy.get() : nullptr;
    auto plan = directory::plan_signatures(*transit.snapshot, policy, senders, now);
    const auto& settings = strictest_settings(*transit.snapshot, plan);
    BULLA_TRY(options, take_options(std::move(plan), transit, step));
    if (options.empty()) {
        return {};
    }
    BULLA_TRY(whole, complete(copy, missing));
    BULLA_TRY(signatures, dkim::sign(whole, options));
    BULLA_TRY(passed, check_own_work(options, settings, signatures, whole, transit, now));
    for (const auto& option : options) {
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

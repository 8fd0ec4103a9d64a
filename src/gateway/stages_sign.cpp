#include "base/log.h"
#include "dkim/sign.h"
#include "dkim/verify.h"
#include "gateway/stages.h"
#include "gateway/trace_fields.h"

#include <fmt/format.h>
#include <optional>

namespace bulla::gateway {

namespace {

using Keys = std::vector<directory::DkimKey>;

// DKD-03: the domain that signs is the one of the From address, whoever's account sends.
const DomainName* signing_domain(const Transit& transit) {
    return transit.outbound && !transit.from.empty() ? &transit.from.front().domain() : nullptr;
}

std::vector<dkim::SignOptions> make_options(const DomainName& domain,
                                            const Keys& keys,
                                            const directory::Settings& settings,
                                            bool folds_anew,
                                            Time now) {
    auto canon = dkim::parse_canon_pair(settings.dkim_canonicalization)
                     .value_or(dkim::CanonPair{dkim::Canon::relaxed, dkim::Canon::relaxed});
    if (folds_anew) {
        canon.header = dkim::Canon::relaxed;
    }
    std::vector<dkim::SignOptions> options;
    options.reserve(keys.size());
    for (const auto& key : keys) {
        dkim::SignOptions option{.domain = domain,
                                 .selector = key.selector,
                                 .key = key.signer,
                                 .canon = canon,
                                 .time = now};
        if (settings.dkim_expiry_seconds > 0) {
            option.expire_after = settings.dkim_expiry_seconds;
        }
        options.push_back(std::move(option));
    }
    return options;
}

// Principle 5: what was just signed is verified on the exact bytes that leave, against our public key.
Result<bool> check_own_work(const DomainName& domain,
                            const Keys& keys,
                            const std::string& added,
                            const mail::Message& message,
                            const Transit& transit,
                            Time now) {
    std::vector<dkim::OwnKey> own;
    own.reserve(keys.size());
    for (const auto& key : keys) {
        own.push_back(
            {.domain = domain, .selector = key.selector, .key = key.signer->public_key()});
    }
    BULLA_TRY(results, dkim::self_check(added, message, own, now));
    std::string reason = results.size() == keys.size() ? "" : "a signature is missing";
    for (const auto& result : results) {
        if (result.verdict != Verdict::pass) {
            reason = fmt::format("{}: {}", result.selector, result.reason);
        }
    }
    if (reason.empty()) {
        return true;
    }
    log::error("dkim.self_check_failed",
               {{"id", transit.id.text()}, {"domain", domain.ascii()}, {"reason", reason}});
    if (transit.snapshot->settings_for(domain).dkim_self_check_refuse) {
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
    const DomainName* domain = signing_domain(transit);
    if (domain == nullptr) {
        step.facts.emplace_back("unsigned", "inbound mail is not signed");
        return {};
    }
    const auto& settings = transit.snapshot->settings_for(*domain);
    const auto keys = transit.snapshot->dkim_keys.find(domain->ascii());
    if (keys == transit.snapshot->dkim_keys.end() || keys->second.empty()) {
        if (settings.dkim_missing_key_refuse && transit.snapshot->is_local(*domain)) {
            return fail(
                "dkim.key_missing",
                Fault::us,
                fmt::format("{} has no DKIM key (setting dkim_missing_key)", domain->ascii()));
        }
        step.facts.emplace_back("unsigned", fmt::format("{} has no DKIM key", domain->ascii()));
        return {};
    }
    BULLA_TRY(whole, complete(copy, missing));
    BULLA_TRY(
        signatures,
        dkim::sign(
            whole,
            make_options(
                *domain, keys->second, settings, transit.handed_back && transit.folds_anew, now)));
    BULLA_TRY(passed, check_own_work(*domain, keys->second, signatures, whole, transit, now));
    for (const auto& key : keys->second) {
        step.facts.emplace_back("dkim",
                                fmt::format("d={} s={}", domain->ascii(), key.selector.text()));
        transit.key_uses.push_back(
            {.purpose = "dkim", .fingerprint = key.signer->public_key().fingerprint()});
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

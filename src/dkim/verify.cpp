#include "dkim/verify.h"

#include "dkim/check.h"
#include "dkim/signed_bytes.h"
#include "dkim/tag_list.h"

#include <algorithm>
#include <utility>

namespace bulla::dkim {

Verification::Verification(mail::Message message, Time now, const VerifyLimits& limits)
    : message_(std::move(message)), limits_(limits) {
    for (const mail::FieldSpan& span : message_.fields()) {
        if (!mail::equal_ignoring_case(message_.name(span), "DKIM-Signature")) {
            continue;
        }
        candidates_.push_back(read(message_.field(span), now, candidates_.size()));
        const auto& signature = candidates_.back().signature;
        if (!signature) {
            continue;
        }
        dns::DnsQuestion question{.type = dns::RecordType::txt, .name = signature->key_name()};
        if (std::ranges::find(questions_, question) == questions_.end()) {
            questions_.push_back(std::move(question));
        }
    }
}

Verification::Candidate Verification::read(std::string_view field,
                                           Time now,
                                           std::size_t index) const {
    Candidate candidate{.field = field, .signature = std::nullopt, .result = {}};
    SignatureResult& result = candidate.result;
    if (index >= limits_.max_signatures) {
        conclude(result,
                 Verdict::policy,
                 "not examined: the message has more signatures than the limit allows");
        return candidate;
    }
    SignatureClaims claims;
    auto signature = parse_signature(field, claims, limits_.signature);
    if (!signature) {
        result.domain = std::move(claims.domain);
        result.selector = std::move(claims.selector);
        result.algorithm = std::move(claims.algorithm);
        conclude(result, Verdict::permerror, std::move(signature.error().text));
        return candidate;
    }
    describe(result, *signature);
    if (check_times(result, *signature, now, limits_)) {
        candidate.signature = *std::move(signature);
    }
    return candidate;
}

std::vector<SignatureResult> Verification::evaluate(std::span<const dns::DnsAnswer> answers,
                                                    KeyCache& keys) const {
    const FieldList fields(message_);
    BodyDigests bodies(message_.body());
    Bytes bytes{.fields = fields, .bodies = bodies};
    const KeyContext context{.answers = answers, .keys = keys, .limits = limits_};
    std::vector<SignatureResult> results;
    results.reserve(candidates_.size());
    for (const Candidate& candidate : candidates_) {
        SignatureResult& result = results.emplace_back(candidate.result);
        if (!candidate.signature) {
            continue;
        }
        const Signature& signature = *candidate.signature;
        check_with_key(result, signature, context, [&](const crypto::PublicKey& key) {
            check_bytes(result, signature, candidate.field, key, bytes);
        });
    }
    return results;
}

Result<std::vector<SignatureResult>> self_check(const std::string& added,
                                                const mail::Message& message,
                                                std::span<const OwnKey> keys,
                                                Time now) {
    BULLA_TRY(above, mail::Message::parse(added));
    const FieldList fields(above, message);
    BodyDigests bodies(message.body());
    Bytes bytes{.fields = fields, .bodies = bodies};
    std::vector<SignatureResult> results;
    for (const mail::FieldSpan& span : above.fields()) {
        if (!mail::equal_ignoring_case(above.name(span), "DKIM-Signature")) {
            continue;
        }
        const std::string_view field = above.field(span);
        SignatureResult& result = results.emplace_back();
        SignatureClaims claims;
        // Its size is ours: what sign() made out of a message within the limits is never too great to be checked.
        const auto signature = parse_signature(field,
                                               claims,
                                               {.max_headers = field.size(),
                                                .max_octets = field.size(),
                                                .max_tags = TagLimits{}.max_tags});
        if (!signature) {
            conclude(result, Verdict::permerror, signature.error().text);
            continue;
        }
        describe(result, *signature);
        const auto own = std::ranges::find_if(keys, [&](const OwnKey& key) {
            return key.domain == signature->domain && key.selector == signature->selector;
        });
        const bool rsa = signature->algorithm == Algorithm::rsa_sha256;
        const std::optional<std::int64_t>& expiry = signature->expiry;
        if (own == keys.end() ||
            own->key.type() != (rsa ? crypto::KeyType::rsa : crypto::KeyType::ed25519)) {
            conclude(result, Verdict::fail, "the signature is by none of our keys");
        } else if (expiry && *expiry < to_unix(now)) {
            conclude(result, Verdict::fail, "the signature has expired");
        } else {
            result.key_bits = own->key.bits();
            check_bytes(result, *signature, field, own->key, bytes);
        }
    }
    return results;
}

}  // namespace bulla::dkim

#include "arc/verify.h"

#include "arc/sealed_bytes.h"
#include "authres/parse.h"
#include "dkim/check.h"

#include <algorithm>
#include <utility>

namespace bulla::arc {

namespace {

std::optional<authres::Results> read_results(std::string_view field) {
    const auto split = split_results(field.substr(field.find(':') + 1));
    auto results = split ? authres::parse_results(split->results) : Result<authres::Results>();
    return split && results ? std::optional(*std::move(results)) : std::nullopt;
}

void fail_at(ChainResult& result, unsigned instance, std::string reason) {
    result.status = Verdict::fail;
    result.failed_at = instance;
    result.reason = std::move(reason);
}

}  // namespace

// What the steps of one evaluation share.
struct Verification::Check {
    const std::vector<Pair>& pairs;
    const Chain& chain;
    dkim::Bytes bytes;
    dkim::KeyContext context;

    bool message_passes(dkim::SignatureResult& result, unsigned instance) {
        const Candidate& candidate = pairs[instance - 1].message;
        if (candidate.signature) {
            dkim::check_with_key(
                result, *candidate.signature, context, [&](const crypto::PublicKey& key) {
                    dkim::check_bytes(result, *candidate.signature, candidate.field, key, bytes);
                });
        }
        return result.verdict == Verdict::pass;
    }

    bool seal_passes(dkim::SignatureResult& result, unsigned instance) const {
        const Candidate& candidate = pairs[instance - 1].seal;
        if (!candidate.signature) {
            return false;
        }
        const dkim::Signature& signature = *candidate.signature;
        dkim::check_with_key(result, signature, context, [&](const crypto::PublicKey& key) {
            std::string sealed;
            append_sets(sealed, std::span(chain.sets).first(instance - 1));
            append_own_set(
                sealed, chain.sets[instance - 1], signature.value_begin, signature.value_end);
            const bool good = dkim::verifies(key, signature, crypto::sha256(sealed));
            dkim::conclude(result,
                           good ? Verdict::pass : Verdict::fail,
                           good ? "the seal is good"
                                : "the seal does not match: ARC fields were changed, or the key is "
                                  "another");
        });
        return result.verdict == Verdict::pass;
    }
};

Verification::Verification(mail::Message message, Time now, const VerifyOptions& options)
    : message_(std::move(message)),
      options_(options),
      chain_(collect_chain(message_, options.max_instances)) {
    if (!chain_.defect.empty()) {
        return;
    }
    for (unsigned i = 1; i <= chain_.size(); ++i) {
        const Set& set = chain_.sets[i - 1];
        const bool looked_at = options_.find_oldest_pass || i == chain_.size();
        Pair& pair = pairs_.emplace_back();
        if (looked_at) {
            pair.message = read(set.message, dkim::SignatureSyntax::arc_message, now);
        }
        pair.seal = read(set.seal, dkim::SignatureSyntax::arc_seal, now);
    }
}

Verification::Candidate Verification::read(std::string_view field,
                                           dkim::SignatureSyntax syntax,
                                           Time now) {
    Candidate candidate{.field = field, .signature = std::nullopt, .result = {}};
    dkim::SignatureResult& result = candidate.result;
    dkim::SignatureClaims claims;
    auto signature = dkim::parse_signature(field, claims, options_.signature.signature, syntax);
    if (!signature) {
        result.domain = std::move(claims.domain);
        result.selector = std::move(claims.selector);
        result.algorithm = std::move(claims.algorithm);
        dkim::conclude(result, Verdict::permerror, std::move(signature.error().text));
        return candidate;
    }
    dkim::describe(result, *signature);
    if (dkim::check_times(result, *signature, now, options_.signature)) {
        dns::DnsQuestion question{.type = dns::RecordType::txt, .name = signature->key_name()};
        if (std::ranges::find(questions_, question) == questions_.end()) {
            questions_.push_back(std::move(question));
        }
        candidate.signature = *std::move(signature);
    }
    return candidate;
}

ChainResult Verification::evaluate(std::span<const dns::DnsAnswer> answers,
                                   dkim::KeyCache& keys) const {
    ChainResult result;
    if (!chain_.defect.empty()) {
        fail_at(result, chain_.defect_at, chain_.defect);
        return result;
    }
    if (chain_.sets.empty()) {
        result.reason = "the message has no ARC sets";
        return result;
    }
    for (unsigned i = 1; i <= chain_.size(); ++i) {
        const Set& set = chain_.sets[i - 1];
        result.instances.push_back({.number = i,
                                    .chain = std::string(set.chain),
                                    .results = read_results(set.results),
                                    .message = pairs_[i - 1].message.result,
                                    .seal = pairs_[i - 1].seal.result});
    }
    const dkim::FieldList fields(message_);
    dkim::BodyDigests bodies(message_.body());
    Check check{.pairs = pairs_,
                .chain = chain_,
                .bytes = {.fields = fields, .bodies = bodies},
                .context = {.answers = answers, .keys = keys, .limits = options_.signature}};
    // RFC 8617 5.2, step 4: the newest message signature must pass.
    const unsigned newest = chain_.size();
    Instance& last = result.instances.back();
    if (!check.message_passes(last.message, newest)) {
        fail_at(result, newest, "the newest message signature: " + last.message.reason);
        return result;
    }
    // RFC 8617 5.2, step 6: the seals, from the newest down.
    for (unsigned i = newest; i >= 1; --i) {
        dkim::SignatureResult& seal = result.instances[i - 1].seal;
        if (!check.seal_passes(seal, i)) {
            fail_at(result, i, "the seal of set " + std::to_string(i) + ": " + seal.reason);
            return result;
        }
    }
    result.status = Verdict::pass;
    result.reason = "all seals are good, and the newest message signature too";
    // Step 5 is for reports alone; it comes last, so that a chain that fails costs less.
    if (options_.find_oldest_pass) {
        unsigned oldest = newest;
        while (oldest > 1 &&
               check.message_passes(result.instances[oldest - 2].message, oldest - 1)) {
            --oldest;
        }
        result.oldest_pass = oldest == 1 ? 0 : oldest;
    }
    return result;
}

authres::MethodResult to_method(const ChainResult& result) {
    authres::MethodResult method{.method = "arc", .result = std::string(to_string(result.status))};
    if (!result.instances.empty()) {
        method.comment = "i=" + std::to_string(result.instances.size());
    }
    if (result.status == Verdict::fail) {
        method.reason = result.reason;
    }
    if (result.oldest_pass) {
        method.properties.push_back({.type = "header",
                                     .name = "oldest-pass",
                                     .value = std::to_string(*result.oldest_pass)});
    }
    return method;
}

}  // namespace bulla::arc

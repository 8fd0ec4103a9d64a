#include "dkim/check.h"

#include <algorithm>
#include <utility>

namespace bulla::dkim {

namespace {

constexpr std::size_t longest_name = 253;

// What a key record allows (RFC 6376 6.1.2): its key, or null after the result is set.
const crypto::PublicKey* find_key(SignatureResult& result,
                                  const Signature& signature,
                                  const KeyRecord& record,
                                  const VerifyLimits& limits) {
    result.testing = record.testing;
    const std::optional<crypto::PublicKey>& key = record.key;
    if (!key) {
        conclude(result, Verdict::permerror, "the key has been revoked");
        return nullptr;
    }
    result.key_bits = key->bits();
    if (record.algorithm != signature.algorithm) {
        conclude(result, Verdict::permerror, "the key is of another type than the signature");
        return nullptr;
    }
    // RFC 6376 3.6.1: "Any DKIM-Signature header fields using the 'i=' tag MUST have the same domain value on the right-hand side of
    // the '@' in the 'i=' tag and the value of the 'd=' tag."
    if (record.same_domain && signature.identity_domain != signature.domain) {
        conclude(result, Verdict::permerror, "the key does not serve subdomains, but i= names one");
        return nullptr;
    }
    // RFC 8301 3.2: "Verifiers MUST NOT consider signatures using RSA keys of less than 1024 bits as valid signatures."
    const bool rsa = signature.algorithm == Algorithm::rsa_sha256;
    const bool short_key = result.key_bits < std::max(limits.min_rsa_bits, least_rsa_bits);
    if (rsa && (short_key || result.key_bits > limits.max_rsa_bits)) {
        conclude(result,
                 Verdict::policy,
                 "the RSA key of " + std::to_string(result.key_bits) +
                     (short_key ? " bits is too short" : " bits is longer than the limit allows"));
        return nullptr;
    }
    return &*key;
}

// The TXT records of the answer that begin like key records: others may stand at the same name by a wildcard.
std::vector<std::string> key_texts(const dns::DnsAnswer& answer, std::size_t most) {
    std::vector<std::string> found = dns::texts(answer);
    const auto strange = [](const std::string& text) {
        return text.find("p=") == std::string::npos && text.find("p =") == std::string::npos;
    };
    if (found.size() > 1) {
        std::erase_if(found, strange);
    }
    found.resize(std::min(found.size(), most));
    return found;
}

}  // namespace

void conclude(SignatureResult& result, Verdict verdict, std::string reason) {
    result.verdict = verdict;
    result.reason = std::move(reason);
}

void describe(SignatureResult& result, const Signature& signature) {
    result.domain = signature.domain.ascii();
    result.selector = signature.selector.text();
    result.algorithm = to_string(signature.algorithm);
    result.identity = signature.identity;
    result.headers.reserve(signature.headers.size() * 16);
    for (const std::string_view name : signature.headers) {
        result.headers.append(result.headers.empty() ? "" : ":").append(name);
    }
    result.body_length = signature.body_length;
    result.time = signature.time;
}

bool check_times(SignatureResult& result,
                 const Signature& signature,
                 Time now,
                 const VerifyLimits& limits) {
    const std::int64_t seconds = to_unix(now);
    // RFC 6376 6.1.1: "Verifiers MAY ignore the DKIM-Signature header field and return PERMFAIL (signature expired) if it contains an
    // 'x=' tag and the signature has expired."
    const std::optional<std::int64_t>& expiry = signature.expiry;
    const std::optional<std::int64_t>& time = signature.time;
    if (expiry && *expiry < seconds) {
        conclude(result, Verdict::permerror, "the signature has expired");
    } else if (time && *time > seconds + limits.max_clock_skew.count()) {
        conclude(result, Verdict::permerror, "the signature was made in the future");
    } else if (signature.key_name().size() > longest_name) {
        conclude(result, Verdict::permerror, "the name of the key record is too long");
    } else {
        return true;
    }
    return false;
}

bool verifies(const crypto::PublicKey& key,
              const Signature& signature,
              const crypto::Sha256& digest) {
    // RFC 8463 3: Ed25519 signs the SHA-256 digest as its message.
    return signature.algorithm == Algorithm::ed25519_sha256
               ? key.verify_message(crypto::view(digest), signature.signature)
               : key.verify_digest(crypto::view(digest), signature.signature);
}

void check_bytes(SignatureResult& result,
                 const Signature& signature,
                 std::string_view field,
                 const crypto::PublicKey& key,
                 Bytes& bytes) {
    const BodyDigest& body = bytes.bodies.of(signature.canon.body, signature.body_length);
    // RFC 6376 3.5: "This value MUST NOT be larger than the actual number of octets in the canonicalized message body."
    if (signature.body_length && *signature.body_length > body.length) {
        return conclude(result, Verdict::permerror, "l= is larger than the body");
    }
    result.uncovered = signature.body_length ? body.length - *signature.body_length : 0;
    if (crypto::view(body.hash) != signature.body_hash) {
        return conclude(
            result, Verdict::fail, "the body hash does not match: the body was changed");
    }
    if (!verifies(key, signature, digest_header(bytes.fields, signature, field))) {
        return conclude(result,
                        Verdict::fail,
                        "the signature does not match: signed header fields were changed, or the "
                        "key is another");
    }
    conclude(result,
             Verdict::pass,
             result.uncovered == 0
                 ? "the signature is good"
                 : "the signature is good, but the end of the body is not signed");
}

void check_with_key(SignatureResult& result,
                    const Signature& signature,
                    const KeyContext& context,
                    const std::function<void(const crypto::PublicKey&)>& check) {
    const std::string name = signature.key_name();
    const auto answer = std::ranges::find_if(context.answers, [&](const dns::DnsAnswer& one) {
        return one.type == dns::RecordType::txt && mail::equal_ignoring_case(one.name, name);
    });
    // RFC 6376 6.1.2 lets a verifier return TEMPFAIL (key unavailable) when the query gets no response.
    if (answer == context.answers.end() || answer->is_temporary_failure()) {
        return conclude(result, Verdict::temperror, "the key record could not be asked for");
    }
    result.dns_security = answer->security;
    const std::vector<std::string> texts = key_texts(*answer, context.limits.max_keys);
    // RFC 6376 6.1.2: "If the query for the public key fails because the corresponding key record does not exist, the Verifier MUST
    // immediately return PERMFAIL (no key for signature)."
    if (texts.empty()) {
        conclude(result, Verdict::permerror, "there is no key record at " + name);
    }
    for (const std::string& text : texts) {
        result.key_record = text;
        const KeyCache::Entry record = context.keys.find(text);
        if (!*record) {
            conclude(result, Verdict::permerror, record->error().text);
        } else if (const auto* key = find_key(result, signature, **record, context.limits)) {
            check(*key);
        }
        if (result.verdict == Verdict::pass) {
            break;
        }
    }
}

}  // namespace bulla::dkim

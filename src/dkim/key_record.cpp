#include "dkim/key_record.h"

#include "base/encoding.h"
#include "dkim/tag_list.h"

#include <algorithm>
#include <utility>

namespace bulla::dkim {

namespace {

constexpr std::string_view rfc = "RFC 6376 3.6.1";
constexpr std::size_t longest_string = 255;

std::unexpected<Error> refuse(std::string_view code, std::string text) {
    return fail(code, Fault::sender, std::move(text), rfc);
}

// True if the colon-separated tag `name` is absent or lists one of the two words.
bool allows(const TagList& tags,
            std::string_view name,
            std::string_view word,
            std::string_view other) {
    const Tag* tag = tags.find(name);
    return tag == nullptr || lists_word(tag->value, word) || lists_word(tag->value, other);
}

Result<crypto::PublicKey> parse_key(Algorithm algorithm, std::string_view text) {
    const auto bytes = decode_base64(text);
    if (!bytes) {
        return refuse("dkim.bad_key", "the key in the key record is not base64");
    }
    // RFC 8463 4.2: p= has the 32 octets of an Ed25519 key in base64, without the wrapping that RSA keys have.
    auto key = algorithm == Algorithm::ed25519_sha256 ? crypto::PublicKey::from_ed25519(*bytes)
                                                      : crypto::PublicKey::parse_der(*bytes, true);
    const auto type =
        algorithm == Algorithm::ed25519_sha256 ? crypto::KeyType::ed25519 : crypto::KeyType::rsa;
    if (!key || key->type() != type) {
        return refuse("dkim.bad_key", "the key in the key record cannot be read");
    }
    return key;
}

Result<Algorithm> parse_key_type(const TagList& tags) {
    const Tag* tag = tags.find("k");
    if (tag == nullptr || tag->value == "rsa") {
        return Algorithm::rsa_sha256;
    }
    if (tag->value == "ed25519") {
        return Algorithm::ed25519_sha256;
    }
    return refuse("dkim.unknown_key_type", "the key record has a key of an unknown type");
}

}  // namespace

Result<KeyRecord> parse_key_record(std::string_view text) {
    BULLA_TRY(tags,
              TagList::parse(text, {.max_octets = longest_key_record, .max_tags = most_key_tags}));
    // RFC 6376 3.6.1: "This tag MUST be the first tag in the record. Records beginning with a 'v=' tag with any other value MUST be
    // discarded."
    const Tag* version = tags.find("v");
    if (version != nullptr && (version->value != "DKIM1" || version != &tags.tags().front())) {
        return refuse("dkim.bad_key_version", "the key record has another version than DKIM1");
    }
    const Tag* p = tags.find("p");
    if (p == nullptr) {
        return refuse("dkim.missing_tag", "the key record has no key (p=)");
    }
    BULLA_TRY(algorithm, parse_key_type(tags));
    if (!allows(tags, "h", "sha256", "sha256")) {
        return refuse("dkim.hash_not_allowed", "the key record does not allow sha256");
    }
    if (!allows(tags, "s", "*", "email")) {
        return refuse("dkim.service_not_allowed", "the key record is not for mail");
    }
    const std::string_view flags = tags.value("t");
    KeyRecord record{.algorithm = algorithm,
                     .key = std::nullopt,
                     .testing = lists_word(flags, "y"),
                     .same_domain = lists_word(flags, "s")};
    // RFC 6376 3.6.1: "An empty value means that this public key has been revoked."
    if (!p->value.empty()) {
        BULLA_TRY(key, parse_key(algorithm, p->value));
        record.key = std::move(key);
    }
    return record;
}

Result<std::string> write_key_record(const crypto::PublicKey& key,
                                     const KeyRecordOptions& options) {
    const bool rsa = key.type() == crypto::KeyType::rsa;
    if (!rsa && key.type() != crypto::KeyType::ed25519) {
        return fail("dkim.key_type", Fault::us, "DKIM keys are of type rsa or ed25519");
    }
    std::string text = rsa ? "v=DKIM1; k=rsa; " : "v=DKIM1; k=ed25519; ";
    if (options.testing || options.same_domain) {
        text.append("t=")
            .append(options.testing ? "y" : "")
            .append(options.testing && options.same_domain ? ":" : "");
        text.append(options.same_domain ? "s; " : "; ");
    }
    text.append("p=");
    base64_append(text, rsa ? key.der() : key.ed25519_raw());
    return text;
}

std::string write_zone_line(std::string_view name, std::string_view text) {
    std::string line(name);
    line.append(name.ends_with('.') ? " IN TXT (" : ". IN TXT (");
    do {
        const std::string_view part = text.substr(0, longest_string);
        text.remove_prefix(part.size());
        line.append(" \"");
        for (const char c : part) {
            if (c == '"' || c == '\\') {
                line.push_back('\\');
            }
            line.push_back(c);
        }
        line.push_back('"');
    } while (!text.empty());
    return line + " )";
}

}  // namespace bulla::dkim

#include "dkim/signature.h"

#include "base/encoding.h"
#include "dkim/signed_bytes.h"
#include "dkim/tag_list.h"
#include "mail/message.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace bulla::dkim {

namespace {

constexpr std::string_view rfc = "RFC 6376 3.5";
constexpr std::size_t hash_size = 32;
constexpr std::size_t longest_signature = 2048;  // octets: RSA of 16384 bits

std::unexpected<Error> refuse(std::string_view code, std::string text) {
    return fail(code, Fault::sender, std::move(text), rfc);
}

std::unexpected<Error> bad_value(std::string_view tag) {
    return refuse("dkim.bad_value", "the value of tag " + std::string(tag) + "= is malformed");
}

Result<std::string_view> required(const TagList& tags, std::string_view name) {
    const Tag* tag = tags.find(name);
    if (tag == nullptr) {
        return refuse("dkim.missing_tag", "the signature has no tag " + std::string(name) + "=");
    }
    return tag->value;
}

template <class Number>
Result<std::optional<Number>> optional_number(const TagList& tags,
                                              std::string_view name,
                                              std::size_t max_digits) {
    const Tag* tag = tags.find(name);
    if (tag == nullptr) {
        return std::optional<Number>{};
    }
    const std::string_view text = tag->value;
    Number number{};
    const bool digits =
        !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || text.size() > max_digits) {
        return bad_value(name);
    }
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) {
        return bad_value(name);
    }
    return std::optional<Number>(number);
}

Result<Algorithm> parse_algorithm(std::string_view text) {
    if (text == "rsa-sha256") {
        return Algorithm::rsa_sha256;
    }
    if (text == "ed25519-sha256") {
        return Algorithm::ed25519_sha256;
    }
    // RFC 8301 3.1: "DKIM signatures identified as having been signed with historic algorithms (currently, rsa-sha1) have permanently
    // failed evaluation"
    if (text == "rsa-sha1") {
        return fail("dkim.historic_algorithm",
                    Fault::sender,
                    "rsa-sha1 is no longer accepted",
                    "RFC 8301 3.1");
    }
    return refuse("dkim.unknown_algorithm", "the signature algorithm is unknown");
}

Result<std::string> parse_base64(const TagList& tags, std::string_view name, std::size_t most) {
    BULLA_TRY(text, required(tags, name));
    if (text.size() > most * 4) {
        return bad_value(name);
    }
    auto bytes = decode_base64(text);
    if (!bytes || bytes->empty()) {
        return bad_value(name);
    }
    return *std::move(bytes);
}

// h= of an ARC-Message-Signature, cut into names. An empty name picks no field, as one does that the message lacks.
Result<std::vector<std::string_view>> check_arc_names(std::vector<std::string_view> names) {
    std::erase(names, std::string_view{});
    // RFC 8617 4.1.2 keeps ARC-Seal out of h=: the seals cover this signature, not the other way round.
    if (std::ranges::any_of(names,
                            [](std::string_view name) { return is_same_name(name, "arc-seal"); })) {
        return fail("arc.seal_signed",
                    Fault::sender,
                    "the message signature covers an ARC-Seal field",
                    "RFC 8617 4.1.2");
    }
    return names;
}

Result<std::vector<std::string_view>> parse_headers(const TagList& tags,
                                                    const SignatureLimits& limits,
                                                    SignatureSyntax syntax) {
    BULLA_TRY(text, required(tags, "h"));
    if (std::cmp_greater_equal(std::ranges::count(text, ':'), limits.max_headers)) {
        return refuse("dkim.bad_value",
                      "the signature names more header fields than the limit allows");
    }
    std::vector<std::string_view> names = split_list(text, ':');
    const bool arc = syntax == SignatureSyntax::arc_message;
    const auto bad = [arc](std::string_view name) {
        // Not find_first_of, which asks memchr for every octet.
        return (name.empty() && !arc) || std::ranges::any_of(name, [](char c) {
                   return c == ' ' || c == '\t' || c == '\r' || c == '\n';
               });
    };
    if (std::ranges::any_of(names, bad)) {
        return bad_value("h");
    }
    if (arc) {
        return check_arc_names(std::move(names));
    }
    // RFC 6376 5.4: "The From header field MUST be signed (that is, included in the 'h=' tag of the resulting DKIM-Signature header
    // field)."
    if (std::ranges::none_of(names,
                             [](std::string_view name) { return is_same_name(name, "from"); })) {
        return fail("dkim.from_not_signed",
                    Fault::sender,
                    "the signature does not cover the From field",
                    "RFC 6376 5.4");
    }
    return names;
}

struct Identity {
    std::string text;
    DomainName domain;
};

// RFC 6376 3.5: the value of i= is a local part, which may be missing, "@" and a domain, in dkim-quoted-printable.
Result<Identity> parse_identity(const TagList& tags,
                                const DomainName& domain,
                                SignatureSyntax syntax) {
    const Tag* tag = tags.find("i");
    if (tag == nullptr || syntax != SignatureSyntax::dkim) {
        return Identity{.text = "@" + domain.ascii(), .domain = domain};
    }
    std::string text = read_quoted(tag->value);
    const std::size_t at = text.rfind('@');
    if (at == std::string::npos) {
        return bad_value("i");
    }
    auto own = DomainName::parse(std::string_view(text).substr(at + 1));
    if (!own) {
        return bad_value("i");
    }
    // RFC 6376 3.5: "The domain part of the address MUST be the same as, or a subdomain of, the value of the 'd=' tag."
    if (!own->is_within(domain)) {
        return refuse("dkim.identity_outside",
                      "the identity i= is not within the signing domain d=");
    }
    return Identity{.text = std::move(text), .domain = *std::move(own)};
}

Result<CanonPair> parse_canon(const TagList& tags, SignatureSyntax syntax) {
    const Tag* tag = tags.find("c");
    // RFC-DEVIATION 6376 3.5: "Message canonicalization (plain-text; OPTIONAL, default is 'simple/simple')." RFC 8617 4.1.2 names no other
    // default, but its test suite has ARC signatures without c= that are relaxed.
    constexpr CanonPair relaxed{.header = Canon::relaxed, .body = Canon::relaxed};
    const CanonPair standard = syntax == SignatureSyntax::dkim ? CanonPair{} : relaxed;
    const auto pair = tag == nullptr ? std::optional(standard) : parse_canon_pair(tag->value);
    return pair ? Result<CanonPair>(*pair) : Result<CanonPair>(bad_value("c"));
}

// What of the message is signed, and in which form.
struct Coverage {
    CanonPair canon;
    std::string body_hash;
    std::vector<std::string_view> headers;
};

Result<Coverage> parse_coverage(const TagList& tags,
                                const SignatureLimits& limits,
                                SignatureSyntax syntax) {
    if (syntax == SignatureSyntax::arc_seal) {
        // RFC 8617 4.1.3 allows no h=: what a seal covers is fixed, and one that says otherwise fails.
        if (tags.find("h") != nullptr) {
            return fail("arc.fields_in_seal",
                        Fault::sender,
                        "the seal names header fields (h=)",
                        "RFC 8617 4.1.3");
        }
        return Coverage{.canon = {.header = Canon::relaxed, .body = Canon::relaxed},
                        .body_hash = {},
                        .headers = {}};
    }
    BULLA_TRY(body_hash, parse_base64(tags, "bh", hash_size));
    if (body_hash.size() != hash_size) {
        return bad_value("bh");
    }
    BULLA_TRY(canon, parse_canon(tags, syntax));
    BULLA_TRY(headers, parse_headers(tags, limits, syntax));
    return Coverage{
        .canon = canon, .body_hash = std::move(body_hash), .headers = std::move(headers)};
}

Result<void> check_version_and_query(const TagList& tags, SignatureSyntax syntax) {
    if (syntax == SignatureSyntax::dkim) {
        BULLA_TRY(version, required(tags, "v"));
        if (version != "1") {
            return refuse("dkim.bad_version", "the signature has another version than 1");
        }
    }
    // RFC 6376 3.5: "If there are multiple query mechanisms listed, the choice of query mechanism MUST NOT change the interpretation
    // of the signature." Verifiers ignore those they do not know.
    const Tag* query = tags.find("q");
    if (query != nullptr && !lists_word(query->value, "dns/txt")) {
        return refuse("dkim.bad_query", "the signature names no query method that is known");
    }
    return {};
}

Result<void> read_times(const TagList& tags, Signature& signature) {
    // RFC 6376 3.5: "To avoid denial-of-service attacks, implementations MAY consider any value longer than 12 digits to be infinite."
    BULLA_TRY(time, optional_number<std::int64_t>(tags, "t", 12));
    BULLA_TRY(expiry, optional_number<std::int64_t>(tags, "x", 12));
    BULLA_TRY(length, optional_number<std::uint64_t>(tags, "l", 18));
    // RFC 6376 3.5: "The value of the 'x=' tag MUST be greater than the value of the 't=' tag if both are present."
    if (time && expiry && *expiry <= *time) {
        return refuse("dkim.bad_value", "the signature expires before it was made");
    }
    signature.time = time;
    signature.expiry = expiry;
    signature.body_length = length;
    return {};
}

}  // namespace

std::string Signature::key_name() const {
    return selector.text() + "._domainkey." + domain.ascii();
}

Result<Signature> parse_signature(std::string_view field,
                                  SignatureClaims& claims,
                                  const SignatureLimits& limits,
                                  SignatureSyntax syntax) {
    const std::size_t value = std::min(field.find(':'), field.size() - 1) + 1;
    std::string_view text = field.substr(value);
    if (text.ends_with("\r\n")) {
        text.remove_suffix(2);
    }
    BULLA_TRY(tags,
              TagList::parse(text, {.max_octets = limits.max_octets, .max_tags = limits.max_tags}));
    claims = {.domain = std::string(tags.value("d")),
              .selector = std::string(tags.value("s")),
              .algorithm = std::string(tags.value("a"))};
    BULLA_CHECK(check_version_and_query(tags, syntax));
    BULLA_TRY(algorithm_text, required(tags, "a"));
    BULLA_TRY(algorithm, parse_algorithm(algorithm_text));
    BULLA_TRY(domain_text, required(tags, "d"));
    BULLA_TRY(selector_text, required(tags, "s"));
    auto domain = DomainName::parse(domain_text);
    auto selector = Selector::parse(selector_text);
    if (!domain || !selector) {
        return bad_value(domain ? "s" : "d");
    }
    BULLA_TRY(signature_bytes, parse_base64(tags, "b", longest_signature));
    BULLA_TRY(coverage, parse_coverage(tags, limits, syntax));
    BULLA_TRY(identity, parse_identity(tags, *domain, syntax));
    const Tag& b = *tags.find("b");
    Signature signature{.algorithm = algorithm,
                        .canon = coverage.canon,
                        .domain = *std::move(domain),
                        .selector = *std::move(selector),
                        .signature = std::move(signature_bytes),
                        .body_hash = std::move(coverage.body_hash),
                        .headers = std::move(coverage.headers),
                        .identity = std::move(identity.text),
                        .identity_domain = std::move(identity.domain),
                        .body_length = {},
                        .time = {},
                        .expiry = {},
                        .value_begin = value + b.raw_begin,
                        .value_end = value + b.raw_end};
    BULLA_CHECK(read_times(tags, signature));
    return signature;
}

}  // namespace bulla::dkim

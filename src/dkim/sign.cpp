#include "dkim/sign.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "dkim/canon.h"
#include "dkim/check.h"
#include "dkim/field_writer.h"
#include "dkim/sign_steps.h"
#include "dkim/signed_bytes.h"
#include "dkim/tag_list.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bulla::dkim {

namespace {

std::unexpected<Error> refuse(std::string_view code, std::string text, std::string_view rfc) {
    return fail(code, Fault::us, std::move(text), rfc);
}

Result<void> check_identity(const SignOptions& options) {
    if (!options.identity) {
        return {};
    }
    const std::size_t at = options.identity->rfind('@');
    auto domain = DomainName::parse(
        std::string_view(*options.identity).substr(at == std::string::npos ? 0 : at + 1));
    // RFC 6376 3.5: "The domain part of the address MUST be the same as, or a subdomain of, the value of the 'd=' tag."
    if (at == std::string::npos || !domain || !domain->is_within(options.domain)) {
        return refuse("dkim.identity_outside",
                      "the identity i= is not an address within the signing domain",
                      "RFC 6376 3.5");
    }
    return {};
}

// z= (RFC 6376 3.5): copies of the signed fields, in the order of h=.
std::string copies(const FieldList& list, const std::vector<std::string_view>& names) {
    std::string out;
    std::vector<bool> used(list.fields().size());
    for (const std::string_view name : names) {
        for (std::size_t i = list.fields().size(); i-- > 0;) {
            const FieldList::Field& field = list.fields()[i];
            if (used[i] || !is_same_name(field.name, name)) {
                continue;
            }
            used[i] = true;
            std::string_view value = field.whole.substr(field.whole.find(':') + 1);
            value.remove_suffix(value.ends_with("\r\n") ? 2 : 0);
            out.append(out.empty() ? "" : "|").append(name).append(":").append(write_quoted(value));
            break;
        }
    }
    return out;
}

// All that the signature field says, but for the signature itself.
struct Draft {
    const SignOptions& options;
    Algorithm algorithm;
    const BodyDigest& body;
    const FieldList& list;
    const std::vector<std::string_view>& names;
};

// The address of i= with its local part in dkim-quoted-printable.
std::string write_identity(std::string_view identity) {
    const std::size_t at = identity.rfind('@');
    const auto domain = DomainName::parse(identity.substr(at + 1));
    return write_quoted(identity.substr(0, at)) + "@" + (domain ? domain->ascii() : std::string{});
}

FieldWriter write_unsigned(const Draft& draft) {
    const SignOptions& options = draft.options;
    FieldWriter out("DKIM-Signature");
    const auto tag = [&](std::string_view name, std::string_view value) {
        std::string text(name);
        out.word(text.append("=").append(value).append(";"));
    };
    const std::int64_t time = to_unix(options.time);
    tag("v", "1");
    tag("a", to_string(draft.algorithm));
    tag("c",
        std::string(to_string(options.canon.header))
            .append("/")
            .append(to_string(options.canon.body)));
    tag("d", options.domain.ascii());
    tag("s", options.selector.text());
    if (options.identity) {
        tag("i", write_identity(*options.identity));
    }
    tag("q", "dns/txt");
    tag("t", std::to_string(time));
    if (options.expire_after) {
        tag("x", std::to_string(time + *options.expire_after));
    }
    if (options.with_body_length) {
        tag("l", std::to_string(draft.body.length));
    }
    write_names(out, draft.names);
    if (options.with_copies) {
        out.word("z=");
        out.stream(copies(draft.list, draft.names), true);
        out.glue(";");
    }
    tag("bh", base64_encode(crypto::view(draft.body.hash)));
    out.word("b=");
    return out;
}

Result<std::string> make_field(const SignOptions& options,
                               Algorithm algorithm,
                               BodyDigests& bodies,
                               const FieldList& list) {
    BULLA_CHECK(check_identity(options));
    if (options.expire_after && *options.expire_after <= 0) {
        return refuse(
            "dkim.bad_expiry", "a signature has to expire after it is made", "RFC 6376 3.5");
    }
    const SignedFields& wanted = options.fields ? *options.fields : *default_signed_fields();
    BULLA_TRY(names, names_to_sign(list, wanted));
    FieldWriter out = write_unsigned({.options = options,
                                      .algorithm = algorithm,
                                      .body = bodies.of(options.canon.body, std::nullopt),
                                      .list = list,
                                      .names = names});

    std::string bytes;
    bytes.reserve(4096);
    list.append_picked(bytes, options.canon.header, names);
    append_canonical_field(bytes, options.canon.header, out.text());
    // RFC 6376 3.7: the signature field is hashed without a trailing CRLF.
    bytes.resize(bytes.size() - 2);
    const crypto::Sha256 digest = crypto::sha256(bytes);
    BULLA_TRY(signature, sign_hash(*options.key, algorithm, digest));
    out.stream(base64_encode(signature));
    return out.text() + "\r\n";
}

SignedFields make_default_fields() {
    using enum Oversign;
    return {{"From", always},
            {"To", always},
            {"Cc", always},
            {"Subject", always},
            {"Date", always},
            {"Reply-To", always},
            {"Message-ID", if_present},
            {"MIME-Version", if_present},
            {"Content-Type", if_present},
            {"Content-Transfer-Encoding", if_present},
            {"Sender", never},
            {"In-Reply-To", never},
            {"References", never},
            {"Resent-Date", never},
            {"Resent-From", never},
            {"Resent-To", never},
            {"Resent-Cc", never},
            {"List-Id", never},
            {"List-Help", never},
            {"List-Unsubscribe", never},
            {"List-Unsubscribe-Post", never},
            {"List-Subscribe", never},
            {"List-Post", never},
            {"List-Owner", never},
            {"List-Archive", never},
            {"Autocrypt", never}};
}

}  // namespace

const std::shared_ptr<const SignedFields>& default_signed_fields() {
    static const std::shared_ptr<const SignedFields> fields =
        std::make_shared<const SignedFields>(make_default_fields());
    return fields;
}

Result<std::string> sign(const mail::Message& message, std::span<const SignOptions> options) {
    // RFC 6376 5.4: "The From header field MUST be signed".
    if (message.count("From") == 0) {
        return fail("dkim.no_from",
                    Fault::sender,
                    "a message without a From field cannot be signed",
                    "RFC 6376 5.4");
    }
    const FieldList list(message);
    BodyDigests bodies(message.body());
    std::string rsa;
    std::string ed25519;
    for (const SignOptions& one : options) {
        BULLA_TRY(algorithm, algorithm_of(one.key->public_key()));
        BULLA_TRY(field, make_field(one, algorithm, bodies, list));
        (algorithm == Algorithm::rsa_sha256 ? rsa : ed25519).append(field);
    }
    return rsa + ed25519;
}

}  // namespace bulla::dkim

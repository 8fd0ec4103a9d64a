#include "dkim/sign_steps.h"

#include <algorithm>

namespace bulla::dkim {

namespace {

std::unexpected<Error> refuse(std::string_view code, std::string text, std::string_view rfc) {
    return fail(code, Fault::us, std::move(text), rfc);
}

bool is_field_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return c > ' ' && c < '\x7F' && c != ':' && c != ';';
    });
}

}  // namespace

Result<Algorithm> algorithm_of(const crypto::PublicKey& key) {
    if (key.type() == crypto::KeyType::ed25519) {
        return Algorithm::ed25519_sha256;
    }
    if (key.type() != crypto::KeyType::rsa) {
        return refuse("dkim.key_type", "DKIM signs with keys of type rsa or ed25519", "RFC 8463 3");
    }
    // RFC 8301 3.2: "Signers MUST use RSA keys of at least 1024 bits for all keys."
    if (key.bits() < least_rsa_bits) {
        return refuse(
            "dkim.weak_key", "an RSA key of less than 1024 bits must not sign", "RFC 8301 3.2");
    }
    return Algorithm::rsa_sha256;
}

Result<std::vector<std::string_view>> names_to_sign(const FieldList& list,
                                                    const SignedFields& wanted) {
    std::vector<std::string_view> names;
    names.reserve(wanted.size() * 2);
    const auto is_from = [](const SignedField& field) {
        return mail::equal_ignoring_case(field.name, "From");
    };
    if (std::ranges::none_of(wanted, is_from)) {
        names.emplace_back("From");
    }
    for (const SignedField& field : wanted) {
        if (!is_field_name(field.name)) {
            return refuse("dkim.bad_field_name",
                          "the list of fields to sign has a malformed name",
                          "RFC 5322 3.6.8");
        }
        const auto present = std::ranges::count_if(list.fields(), [&](const FieldList::Field& one) {
            return is_same_name(one.name, field.name);
        });
        const bool more = field.oversign == Oversign::always ||
                          (field.oversign == Oversign::if_present && present > 0);
        names.insert(names.end(), static_cast<std::size_t>(present) + (more ? 1 : 0), field.name);
    }
    return names;
}

void write_names(FieldWriter& out, const std::vector<std::string_view>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::string piece(i == 0 ? "h=" : "");
        piece.append(names[i]).append(i + 1 == names.size() ? ";" : ":");
        if (i == 0) {
            out.word(piece);
        } else {
            out.glue(piece);
        }
    }
}

Result<std::string> sign_hash(const crypto::Signer& key,
                              Algorithm algorithm,
                              const crypto::Sha256& digest) {
    // RFC 8463 3: "It signs the hash with the PureEdDSA variant Ed25519, as defined in RFC 8032, Section 5.1"
    return algorithm == Algorithm::ed25519_sha256 ? key.sign_message(crypto::view(digest))
                                                  : key.sign_digest(crypto::view(digest));
}

}  // namespace bulla::dkim

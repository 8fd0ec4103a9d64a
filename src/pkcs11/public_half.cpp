#include "pkcs11/public_half.h"

#include <array>
#include <cstring>
#include <fmt/format.h>
#include <optional>

namespace bulla::pkcs11 {
namespace {

using namespace std::string_view_literals;

// PKCS #11 3.0 2.3.1; p11-kit's header is older.
constexpr CK_KEY_TYPE ec_edwards = 0x40UL;

// CKA_EC_PARAMS of Ed25519: its object identifier 1.3.101.112 (RFC 8410 3), or the name that PKCS #11 3.0 2.3.10 also allows.
constexpr auto ed25519_oid = "\x06\x03\x2b\x65\x70"sv;
constexpr auto ed25519_name =
    "\x13\x0c"
    "edwards25519"sv;
// An older object identifier that some libraries write (1.3.6.1.4.1.11591.15.1).
constexpr auto ed25519_gnu_oid = "\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01"sv;

std::string der(char tag, std::string_view content) {
    std::string out(1, tag);
    const auto size = content.size();
    if (size < 0x80) {
        out.push_back(static_cast<char>(size));
    } else {
        // max_attribute_octets keeps it within two octets.
        out.push_back('\x82');
        out.push_back(static_cast<char>(size >> 8U));
        out.push_back(static_cast<char>(size & 0xFFU));
    }
    return out.append(content);
}

std::string der_unsigned(std::string_view number) {
    number.remove_prefix(std::min(number.find_first_not_of('\0'), number.size()));
    const bool pads = number.empty() || (static_cast<unsigned char>(number.front()) & 0x80U) != 0;
    return der('\x02', (pads ? std::string(1, '\0') : std::string()).append(number));
}

std::unexpected<Error> wrong_type(const KeyUri& uri) {
    return refuse_key("pkcs11.key_type",
                      "the key in the token is neither rsa nor ed25519, which DKIM signs with",
                      uri);
}

// The public object that belongs to the key.
Result<std::optional<CK_OBJECT_HANDLE>> find_public_object(const Session& session,
                                                           const KeyUri& uri) {
    CK_OBJECT_CLASS object_class = CKO_PUBLIC_KEY;
    for (const CK_ATTRIBUTE_TYPE type : {CKA_ID, CKA_LABEL}) {
        auto name = session.read(session.key(), type);
        if (!name || name->empty()) {
            continue;
        }
        BULLA_TRY(found,
                  session.find({{CKA_CLASS, &object_class, sizeof object_class},
                                {type, name->data(), name->size()}},
                               uri));
        if (found.size() == 1) {
            return found.front();
        }
    }
    return std::nullopt;
}

Result<crypto::PublicKey> parse_rsa(const std::optional<std::string>& modulus,
                                    const std::optional<std::string>& exponent) {
    return crypto::PublicKey::parse_der(
        write_rsa_public_key(modulus.value_or(""), exponent.value_or("")), true);
}

Result<crypto::PublicKey> read_rsa(const Session& session,
                                   CK_OBJECT_HANDLE object,
                                   const KeyUri& uri) {
    const auto modulus = session.read(object, CKA_MODULUS);
    const auto exponent = session.read(object, CKA_PUBLIC_EXPONENT);
    if (!modulus || modulus->empty() || !exponent || exponent->empty()) {
        return refuse_key("pkcs11.no_public", "the token does not tell the public key", uri);
    }
    return parse_rsa(modulus, exponent);
}

Result<crypto::PublicKey> read_ed25519(const Session& session,
                                       CK_OBJECT_HANDLE object,
                                       const KeyUri& uri) {
    const auto point = session.read(object, CKA_EC_POINT);
    const auto raw = read_ed25519_point(point ? *point : std::string_view());
    if (raw.empty()) {
        return refuse_key("pkcs11.no_public", "the token does not tell the public key", uri);
    }
    return crypto::PublicKey::from_ed25519(raw);
}

}  // namespace

std::string write_rsa_public_key(std::string_view modulus, std::string_view exponent) {
    return der('\x30', der_unsigned(modulus) + der_unsigned(exponent));
}

std::string_view read_ed25519_point(std::string_view point) {
    constexpr std::size_t size = 32;
    for (const auto prefix : {""sv, "\x04\x20"sv, "\x03\x21\x00"sv}) {
        if (point.size() == prefix.size() + size && point.starts_with(prefix)) {
            return point.substr(prefix.size());
        }
    }
    return {};
}

Result<crypto::KeyType> read_key_type(const Session& session, const KeyUri& uri) {
    const auto type = session.read(session.key(), CKA_KEY_TYPE);
    CK_KEY_TYPE number = 0;
    if (!type || type->size() != sizeof number) {
        return refuse_key("pkcs11.failed", "the token does not tell the type of the key", uri);
    }
    std::memcpy(&number, type->data(), sizeof number);
    if (number == CKK_RSA) {
        return crypto::KeyType::rsa;
    }
    const auto curve = session.read(session.key(), CKA_EC_PARAMS).value_or("");
    if (number == ec_edwards &&
        (curve == ed25519_oid || curve == ed25519_name || curve == ed25519_gnu_oid)) {
        return crypto::KeyType::ed25519;
    }
    return wrong_type(uri);
}

Result<crypto::PublicKey> read_public_half(const Session& session, const KeyUri& uri) {
    BULLA_TRY(type, read_key_type(session, uri));
    const auto read = type == crypto::KeyType::rsa ? read_rsa : read_ed25519;
    auto own = read(session, session.key(), uri);
    if (own) {
        return own;
    }
    BULLA_TRY(object, find_public_object(session, uri));
    if (!object) {
        return refuse_key("pkcs11.no_public",
                          "the token has no public key beside the private one, with the same id: "
                          "write it there (`pkcs11-tool --write-object FILE --type pubkey --id …`)",
                          uri);
    }
    return read(session, *object, uri);
}

}  // namespace bulla::pkcs11

#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "pkcs11/session.h"
#include "pkcs11/uri.h"

#include <string>
#include <string_view>

namespace bulla::pkcs11 {

/// The type of the session's key. Errors: pkcs11.key_type (neither rsa nor ed25519), pkcs11.failed.
[[nodiscard]] Result<crypto::KeyType> read_key_type(const Session& session, const KeyUri& uri);

/// The public half of the session's key: of the private object itself where it has it, else of the public object with the same CKA_ID (or label,
/// where there is no id). Errors: pkcs11.no_public, pkcs11.key_type, those of the key.
[[nodiscard]] Result<crypto::PublicKey> read_public_half(const Session& session, const KeyUri& uri);

/// A DER RSAPublicKey (RFC 8017 A.1.1) of two unsigned numbers, big-endian.
[[nodiscard]] std::string write_rsa_public_key(std::string_view modulus, std::string_view exponent);

/// The 32 octets of CKA_EC_POINT of an Ed25519 key: bare, or in a DER OCTET STRING or BIT STRING, as libraries differ; empty: none of these.
[[nodiscard]] std::string_view read_ed25519_point(std::string_view point);

}  // namespace bulla::pkcs11

#pragma once
#include "base/error.h"
#include "crypto/key.h"

#include <map>
#include <string>
#include <string_view>

namespace bulla::archive {

/// The word that `message_signature.algorithm` holds for signatures of keys of `type`: ed25519, ecdsa-p256-sha256,
/// ecdsa-p384-sha384, rsa-sha256, dsa-sha256. All are over the message's octets as they were received.
[[nodiscard]] std::string_view signature_algorithm(crypto::KeyType type);

/// The `openssl` command line that checks `signature_file` over `message_file` with `key_file`; names without blanks.
struct CheckedFiles {
    std::string message;
    std::string signature;
    std::string key;
};

[[nodiscard]] std::string openssl_command(crypto::KeyType type, const CheckedFiles& files);

/// Public keys that signatures are checked with, by fingerprint.
class PublicKeys {
  public:
    /// Reads a PEM public key file, or all files *.pem and *.pub of a directory (at most 1000). Errors: public_key.unreadable (with the
    /// path: missing, empty directory, no such right) and those of crypto::load_public_key.
    [[nodiscard]] static Result<PublicKeys> load(const std::string& path);
    void add(const crypto::PublicKey& key);
    /// Null if there is no such key.
    [[nodiscard]] const crypto::PublicKey* find(std::string_view fingerprint) const;

    [[nodiscard]] std::size_t size() const { return keys_.size(); }

  private:
    std::map<std::string, crypto::PublicKey, std::less<>> keys_;
};

}  // namespace bulla::archive

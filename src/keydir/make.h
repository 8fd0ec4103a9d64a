#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "names/domain.h"
#include "names/selector.h"

#include <cstdint>
#include <string>

namespace bulla::keydir {

/// What pair to make.
struct MakeOptions {
    std::string directory;  ///< Made (0700) if it is not there; the folder of the domain too.
    DomainName domain;
    Selector selector;
    crypto::KeyType type = crypto::KeyType::rsa;
    std::int64_t bits = 0;   ///< Of an RSA key; 0: 2048.
    std::string owner = {};  ///< A user to give new files and folders to; empty: who runs this.
};

/// What was made.
struct MadeKey {
    std::string private_file;
    std::string public_file;
    std::string link;
    std::string zone_line;  ///< The TXT record for BIND, long values in several strings.
    std::string fingerprint;
};

/// Makes a pair in s/qmail's layout: `TYPE.private_SELECTOR` (0600), `TYPE.public_SELECTOR` (base64: of the SubjectPublicKeyInfo for rsa, of the
/// 32 octets for ed25519) and the link SELECTOR. Nothing is overwritten; what a failure left half-made is taken away.
/// Errors: file.exists, file.unwritable, keydir.no_user, those of dkim::make_key and write_key_record.
[[nodiscard]] Result<MadeKey> make_key(const MakeOptions& options);

}  // namespace bulla::keydir

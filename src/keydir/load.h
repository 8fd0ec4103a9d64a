#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "dkim/types.h"
#include "names/domain.h"
#include "names/selector.h"

#include <functional>
#include <memory>
#include <string>

namespace bulla::keydir {

/// A key directory and how strict to be with it.
struct KeyDirectory {
    std::string path;             ///< Such as /var/qmail/ssl/domainkeys.
    bool allow_readable = false;  ///< Take private keys that group or others can read.
};

/// True if `directory` has a folder, or a link to one, for `domain`: whether it can be used is another matter.
[[nodiscard]] bool has_domain(const KeyDirectory& directory, const DomainName& domain);

/// The path of the private key `selector` of `domain`: a link to the file that holds it.
[[nodiscard]] std::string key_path(const KeyDirectory& directory,
                                   const DomainName& domain,
                                   const Selector& selector);

/// Reads that key for signatures of `algorithm`. A folder that others can write, a file that others can read (but for allow_readable) or
/// write, and one that belongs to none of root, this process and the owner of the directory are refused.
/// Errors, each with the path: keydir.absent, keydir.dangling, keydir.loop, keydir.unreadable, keydir.open_to_others, keydir.owner,
/// keydir.not_regular, keydir.wrong_type, keydir.in_token (the file names a key in a token, which only load_signer can use), and those of PrivateKey::parse_pem (key.weak below 1024 bits, key.unsupported above 8192).
/// May be called from any thread.
[[nodiscard]] Result<std::shared_ptr<crypto::PrivateKey>> load_key(const KeyDirectory& directory,
                                                                   const DomainName& domain,
                                                                   const Selector& selector,
                                                                   dkim::Algorithm algorithm);

/// Opens the key in a PKCS#11 token that a URI (RFC 7512) names.
using OpenToken =
    std::function<Result<std::shared_ptr<const crypto::Signer>>(const std::string& uri)>;

/// The same for a file that may hold, in the place of the key, one line "pkcs11:…": the URI of a key in a token, which `open` opens. Errors: those
/// of load_key but keydir.in_token, keydir.bad_uri (more than one line), those of `open`, with the path.
[[nodiscard]] Result<std::shared_ptr<const crypto::Signer>> load_signer(
    const KeyDirectory& directory,
    const DomainName& domain,
    const Selector& selector,
    dkim::Algorithm algorithm,
    const OpenToken& open);

}  // namespace bulla::keydir

#pragma once
#include "base/error.h"
#include "crypto/key.h"
#include "dkim/types.h"
#include "names/domain.h"
#include "names/selector.h"

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
/// keydir.not_regular, keydir.wrong_type, and those of PrivateKey::parse_pem (key.weak below 1024 bits, key.unsupported above 8192).
/// May be called from any thread.
[[nodiscard]] Result<std::shared_ptr<crypto::PrivateKey>> load_key(const KeyDirectory& directory,
                                                                   const DomainName& domain,
                                                                   const Selector& selector,
                                                                   dkim::Algorithm algorithm);

}  // namespace bulla::keydir

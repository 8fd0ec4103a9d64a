#pragma once
#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "dkim/field_writer.h"
#include "dkim/sign.h"
#include "dkim/signed_bytes.h"
#include "dkim/types.h"

#include <string>
#include <string_view>
#include <vector>

// The steps of making one signature, which DKIM and ARC share. Not for callers of either: see dkim/sign.h and arc/seal.h.

namespace bulla::dkim {

/// The algorithm that `key` signs with. Errors: dkim.key_type, dkim.weak_key.
[[nodiscard]] Result<Algorithm> algorithm_of(const crypto::PublicKey& key);

/// The names of h=, in order: views into `wanted`. Error: dkim.bad_field_name.
[[nodiscard]] Result<std::vector<std::string_view>> names_to_sign(const FieldList& list,
                                                                  const SignedFields& wanted);

/// Writes h= with `names`.
void write_names(FieldWriter& out, const std::vector<std::string_view>& names);

/// Signs `digest`. Errors: those of the Signer.
[[nodiscard]] Result<std::string> sign_hash(const crypto::Signer& key,
                                            Algorithm algorithm,
                                            const crypto::Sha256& digest);

}  // namespace bulla::dkim

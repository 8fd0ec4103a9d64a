#pragma once
#include "archive/finding.h"
#include "archive/public_keys.h"
#include "archive/rows.h"
#include "base/error.h"
#include "seal/sealer.h"

#include <optional>
#include <string>
#include <vector>

namespace bulla::archive {

/// The public keys that signatures are judged with.
struct TrustedKeys {
    std::optional<PublicKeys> own{};  ///< Those at signature_public_key_path; none: no path is set.
    std::string own_path{};
    /// False: signatures are not looked at (signature_verification_enabled is off).
    bool verify_signatures = true;
    PublicKeys
        kept{};  ///< Those in the archive (`signer_key`): believed where a leaf names their fingerprint, and only if `own` is not set.
};

/// All that is stored of one message, as it was found.
struct MessageFacts {
    MessageRow row;
    std::optional<Error> text_error{};   ///< A sealed text of the row that did not open.
    std::optional<std::string> entry{};  ///< The text of its leaf; none: there is no such leaf.
    std::vector<SignatureRow> signatures{};
    Result<seal::RecordReader::Opened> record;
};

/// Holds everything that is stored of a message against everything else: record and row against the leaf, signatures against the
/// message, the public keys and the leaf. That the leaf is in the log is another question (log_check.h). Pure; any thread.
void check_message(const MessageFacts& facts, const TrustedKeys& keys, Findings& findings);

}  // namespace bulla::archive

#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "directory/snapshot.h"
#include "dkim/sign.h"
#include "names/domain.h"
#include "names/mailbox.h"
#include "policy/dkimdomains.h"

#include <optional>
#include <string>
#include <vector>

namespace bulla::directory {

/// Whose mail is to be signed (RFC 5598 terms); null: there is none.
struct Senders {
    const Mailbox* return_address = nullptr;  ///< MAIL FROM: by it the signing policy decides.
    const Mailbox* author = nullptr;  ///< The first of From: by it the keys of domains decide.
};

/// One signature to make.
struct PlannedSigning {
    dkim::SignOptions options;
    DomainName owner;  ///< Whose key it is.
    bool by_policy =
        false;  ///< By a line of the signing policy; else by the key of the author's domain.
};

/// How a message of ours is signed, and why so. Names in it point into the Snapshot and the Senders that it was made from.
struct SignPlan {
    const Settings* settings = nullptr;    ///< Those that hold for the mail; never null.
    const policy::Entry* entry = nullptr;  ///< The line of the policy that is for it; null: none.
    bool by_policy = false;  ///< There is a policy, whether or not a line is for the mail.
    std::vector<PlannedSigning> signatures;
    std::vector<std::string> missing;   ///< Keys that are asked for and cannot be used.
    std::vector<std::string> left_out;  ///< What is left out of the signatures.
    std::vector<std::string> doubts;    ///< Signatures that receivers will not accept.
    std::string why;                    ///< In a sentence or two.
    std::optional<Error> refusal;       ///< Why the mail is put off in place of being signed so.
};

/// Decides. A signing policy (dkimdomains) goes by the return address, the keys of a domain by the author (DKD-03); where both apply, equal d=
/// and s= give one signature, the policy's, else each signs; but what a policy's `!` line names is never signed. Key files may be read. The
/// same for the flow and for those who ask what it would do. `policy` may be null: there is none. May be called from any thread. Refusals:
/// dkim.policy_broken, dkim.key_missing, dkim.record_wrong.
[[nodiscard]] SignPlan plan_signatures(const Snapshot& snapshot,
                                       const SigningPolicy* policy,
                                       const Senders& senders,
                                       Time now);

}  // namespace bulla::directory

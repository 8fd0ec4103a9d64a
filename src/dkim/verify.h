#pragma once
#include "base/clock.h"
#include "base/verdict.h"
#include "crypto/key.h"
#include "dkim/key_cache.h"
#include "dkim/signature.h"
#include "dns/answer.h"
#include "mail/message.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::dkim {

/// Limits on what is looked at, and what is asked of a signature beyond the RFCs.
struct VerifyLimits {
    std::size_t max_signatures = 8;            ///< Further ones get the verdict policy unseen.
    std::size_t max_keys = 3;                  ///< TXT records tried for one signature.
    std::size_t min_rsa_bits = 1024;           ///< RFC 8301 3.2; never less.
    std::size_t max_rsa_bits = 8192;           ///< RFC 8301 3.2 wants 4096 at least.
    std::chrono::seconds max_clock_skew{300};  ///< How far t= may lie in the future.
    SignatureLimits signature;
};

/// What came of one signature, with the evidence.
struct SignatureResult {
    Verdict verdict = Verdict::none;
    std::string domain;      ///< d=, as far as it could be read.
    std::string selector;    ///< s=
    std::string algorithm;   ///< a=
    std::string reason;      ///< One sentence for people.
    std::string identity;    ///< i= or its default; empty if the signature is malformed.
    std::string headers;     ///< h=, names with ":" between them
    std::string key_record;  ///< The TXT record that decided; empty if none did.
    std::size_t key_bits = 0;
    dns::Security dns_security = dns::Security::insecure;
    bool testing =
        false;  ///< The key has t=y: RFC 6376 3.6.1 wants the mail treated as if unsigned.
    std::optional<std::uint64_t> body_length;  ///< l=
    std::uint64_t uncovered = 0;               ///< Octets of the canonical body beyond l=.
    std::optional<std::int64_t> time;          ///< t=
};

/// Verifies the DKIM-Signature fields of a message in two steps with the DNS between them: construct, ask questions(), evaluate().
/// Holds the message's bytes. After construction it may be read from any thread.
class Verification {
  public:
    /// Reads the signatures; `now` judges t= and x=.
    Verification(mail::Message message, Time now, const VerifyLimits& limits = {});

    /// The key records to ask for, each once. Empty if there is nothing to verify.
    [[nodiscard]] const std::vector<dns::DnsQuestion>& questions() const { return questions_; }

    /// One result for each DKIM-Signature field, from the top of the header down; none without signatures. `answers` in any order; one that
    /// is missing counts as a temporary failure.
    [[nodiscard]] std::vector<SignatureResult> evaluate(std::span<const dns::DnsAnswer> answers,
                                                        KeyCache& keys) const;

  private:
    struct Candidate {
        std::string_view field;
        std::optional<Signature> signature;  // empty: `result` is final
        SignatureResult result;
    };

    [[nodiscard]] Candidate read(std::string_view field, Time now, std::size_t index) const;

    mail::Message message_;
    VerifyLimits limits_;
    std::vector<Candidate> candidates_;
    std::vector<dns::DnsQuestion> questions_;
};

/// A key that this installation signs with.
struct OwnKey {
    DomainName domain;
    Selector selector;
    crypto::PublicKey key;
};

/// Verifies `added` (DKIM-Signature fields as sign() made them, perhaps with other fields that will stand above `message`) against our own
/// keys, over the very bytes that will leave, without DNS. One result for each signature in `added`, as Verification gives them; a signature
/// by none of `keys` fails. Errors: those of Message::parse for `added`.
[[nodiscard]] Result<std::vector<SignatureResult>> self_check(const std::string& added,
                                                              const mail::Message& message,
                                                              std::span<const OwnKey> keys,
                                                              Time now);

}  // namespace bulla::dkim

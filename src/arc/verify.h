#pragma once
#include "arc/chain.h"
#include "authres/types.h"
#include "base/clock.h"
#include "base/verdict.h"
#include "dkim/key_cache.h"
#include "dkim/signature.h"
#include "dkim/verify.h"
#include "dns/answer.h"
#include "mail/message.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bulla::arc {

struct VerifyOptions {
    unsigned max_instances = most_instances;
    bool find_oldest_pass =
        true;  ///< Else older message signatures are not looked at, nor their keys asked for.
    dkim::VerifyLimits
        signature;  ///< Its max_signatures does not count: the instances are what is limited.
};

/// What came of one ARC Set, with the evidence.
struct Instance {
    unsigned number = 0;
    std::string chain;  ///< cv= of its seal.
    std::optional<authres::Results>
        results;  ///< What its handler found; empty if that cannot be read. Worth what the handler is.
    dkim::SignatureResult message;  ///< The ARC-Message-Signature; verdict none: not examined.
    dkim::SignatureResult seal;     ///< The ARC-Seal; verdict none: not examined.
};

/// What came of the chain.
struct ChainResult {
    Verdict status = Verdict::none;  ///< none, pass or fail.
    std::string reason;              ///< One sentence for people.
    unsigned failed_at = 0;          ///< The instance that made it fail; 0: none in particular.
    /// RFC 8617 5.2: the oldest instance whose message signature, like all newer ones, still passes; 0: all do. Empty if not looked for.
    std::optional<unsigned> oldest_pass = std::nullopt;
    std::vector<Instance> instances;  ///< From 1 up; empty if the structure is not sound.
};

/// Verifies the ARC chain of a message (RFC 8617 5.2) in two steps with the DNS between them: construct, ask questions(), evaluate(). A chain
/// whose structure is not sound needs no questions. Holds the message's bytes. After construction it may be read from any thread.
class Verification {
  public:
    /// Reads the chain; `now` judges t= and x=.
    Verification(mail::Message message, Time now, const VerifyOptions& options = {});

    /// The key records to ask for, each once: at most two for each instance.
    [[nodiscard]] const std::vector<dns::DnsQuestion>& questions() const { return questions_; }

    /// `answers` in any order. One that is missing makes the chain fail like any other: RFC 8617 knows no temporary result; the verdict of
    /// the signature says temperror.
    [[nodiscard]] ChainResult evaluate(std::span<const dns::DnsAnswer> answers,
                                       dkim::KeyCache& keys) const;

  private:
    // One field that has been read.
    struct Candidate {
        std::string_view field;
        std::optional<dkim::Signature> signature;  // empty: `result` is final
        dkim::SignatureResult result;
    };

    struct Pair {
        Candidate message;
        Candidate seal;
    };

    struct Check;

    [[nodiscard]] Candidate read(std::string_view field, dkim::SignatureSyntax syntax, Time now);

    mail::Message message_;
    VerifyOptions options_;
    Chain chain_;
    std::vector<Pair> pairs_;
    std::vector<dns::DnsQuestion> questions_;
};

/// The chain's result as a method of Authentication-Results (RFC 8617 10.1): arc=pass with header.oldest-pass.
[[nodiscard]] authres::MethodResult to_method(const ChainResult& result);

}  // namespace bulla::arc

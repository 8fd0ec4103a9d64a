#pragma once
#include "authres/types.h"
#include "base/verdict.h"
#include "dkim/verify.h"
#include "dmarc/author.h"
#include "dmarc/record.h"
#include "dmarc/suffix_list.h"
#include "dmarc/walk.h"
#include "dns/answer.h"
#include "names/domain.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::dmarc {

/// What SPF found of the MAIL FROM identity (RFC 7208 2.4: postmaster at the HELO name if the reverse-path is empty), the only one that counts
/// here (RFC 9989 3.2.4).
struct SpfFinding {
    Verdict verdict = Verdict::none;
    std::string domain = {};
};

/// What is judged.
struct Input {
    Authors authors = {};
    SpfFinding spf = {};
    std::vector<dkim::SignatureResult> signatures = {};
};

struct Options {
    /// Null: organisational domains are found by the tree walk. Must outlive the Evaluation.
    const SuffixList* suffix_list = nullptr;
    std::size_t max_identifiers = 8;  ///< Signatures beyond are not looked at; SPF comes first.
};

/// A domain that SPF or DKIM vouches for.
struct Identifier {
    std::string method = {};  ///< "spf" or "dkim"
    std::string domain = {};
    std::string selector = {};      ///< Of a signature.
    std::string organization = {};  ///< Its organisational domain; empty if that was not asked for.
    bool aligned = false;
    bool uncertain =
        false;  ///< The method had a temporary failure: it vouches for nothing, but might have.
};

/// What came of it.
struct DmarcResult {
    Verdict verdict = Verdict::
        none;  ///< none (no record), pass, fail, temperror or permerror (no author to judge).
    std::string reason = {};         ///< One sentence for people.
    std::string domain = {};         ///< The author's domain.
    std::string organization = {};   ///< Its organisational domain.
    std::string policy_domain = {};  ///< Where the record lies.
    std::string record_text = {};
    std::optional<Record> record = std::nullopt;
    Policy published = Policy::none;    ///< What the record wants for this domain.
    std::string_view policy_tag = "p";  ///< Which of its tags said so: p, sp or np.
    /// What the owner wants done with this very message: none unless it fails, and one step less while the owner tests (t=y).
    Policy policy = Policy::none;
    std::vector<Identifier> identifiers = {};  ///< Those that were looked at.
};

/// A step: either questions to ask the DNS before the next step, or the result.
struct Step {
    std::vector<dns::DnsQuestion> questions = {};  ///< Each once. Empty: `result` is final.
    DmarcResult result = {};
};

/// Judges a message by DMARC (RFC 9989 5.3) in steps with the DNS between them: at most three rounds of questions, and at most 8 names for each
/// author and identifier. After construction it may be used from any thread.
class Evaluation {
  public:
    explicit Evaluation(Input input, const Options& options = {});

    /// `answers` are all that have come so far, in any order. A question that can have no answer must be answered with Rcode::unreachable.
    /// Of several authors' domains each is judged, and the result is the one that asks for the most: RFC 9989 5.3.1 leaves that to us, and
    /// 11.5 warns of mail whose second author is the one that people see.
    [[nodiscard]] Step evaluate(std::span<const dns::DnsAnswer> answers) const;

  private:
    [[nodiscard]] Walk walk(const DomainName& domain,
                            std::span<const dns::DnsAnswer> answers) const;
    [[nodiscard]] Step judge(const DomainName& author,
                             std::span<const dns::DnsAnswer> answers) const;
    void align(Step& step,
               const Record& record,
               const DomainName& author,
               std::span<const dns::DnsAnswer> answers) const;

    Input input_;
    Options options_;
    std::vector<Identifier> identifiers_;
};

/// The result as a method of Authentication-Results (RFC 8601 2.7, RFC 9989): dmarc=fail with header.from.
[[nodiscard]] authres::MethodResult to_method(const DmarcResult& result);

}  // namespace bulla::dmarc

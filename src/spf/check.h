#pragma once
#include "base/clock.h"
#include "base/verdict.h"
#include "dns/answer.h"
#include "names/ip.h"

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bulla::spf {

/// The identity that is checked (RFC 7208 2.3 and 2.4).
enum class Identity { helo, mail_from };

/// The word of RFC 7208 9.1 for `identity`.
[[nodiscard]] std::string_view to_string(Identity identity);

/// Who wants to send, as the SMTP session tells it. Texts may be hostile.
struct Client {
    Ip ip;
    std::string helo;  ///< As it came, also if it is no domain.
    std::string
        sender;  ///< The reverse-path without its angle brackets; empty: postmaster at `helo` (RFC 7208 2.4).
    std::string receiver;  ///< Our own name, for the macro r; empty: "unknown".
    Time now;              ///< For the macro t.
};

/// RFC 7208 4.6.4, and what it leaves to us.
struct Limits {
    std::size_t max_terms = 10;        ///< Terms that ask the DNS, in all records of one check.
    std::size_t max_void_lookups = 2;  ///< Look-ups without an answer.
    std::size_t max_mx = 10;           ///< MX records of one name; more: permerror.
    std::size_t max_ptr =
        10;  ///< Names of the client that are looked at; further ones are ignored.
    std::size_t max_record =
        16'384;  ///< Octets of an SPF record, for each round reads the records anew; more: permerror.
    std::size_t max_explanation =
        450;  ///< Octets; what is longer is not used, for an SMTP reply must hold it.
    std::size_t max_asked_ahead =
        10;  ///< Questions of one round that may turn out not to matter; 0: each term waits for the one before.
};

/// An answer of the DNS on which a verdict rests, to be sealed with the message.
struct UsedAnswer {
    dns::RecordType type = dns::RecordType::txt;
    std::string name;
    dns::Rcode rcode = dns::Rcode::unreachable;
    dns::Security security = dns::Security::insecure;
    std::chrono::seconds ttl{0};

    auto operator<=>(const UsedAnswer&) const = default;
};

/// What came of a check, with the evidence. All texts are printable ASCII, but for `sender`.
struct CheckResult {
    Verdict verdict = Verdict::none;  ///< Never policy.
    Identity identity = Identity::mail_from;
    std::string
        sender;  ///< The mailbox that was checked, its domain in A-labels where that can be.
    std::string domain;  ///< The domain that was checked, in A-labels; empty if there is none.
    std::string
        mechanism;  ///< The directive of the domain's record that decided, such as "-all"; "default" if none matched, else empty.
    std::string reason;  ///< One sentence for people.
    std::string
        explanation;  ///< With fail: what the domain says of it (exp=). A stranger's words, to be shown as such. Empty: nothing.
    std::string
        record;  ///< The SPF record of `domain`, or of where redirect= led, its first 512 octets; empty: there is none.
    std::vector<UsedAnswer> answers;  ///< In the order of their first use.
    std::size_t terms = 0;            ///< That asked the DNS.
    std::size_t void_lookups = 0;
};

/// The function check_host() of RFC 7208 for one identity of one client, without input or output: evaluate() with the answers that are
/// there gives the result, or the questions that are open; the caller asks those and evaluates again. After construction any thread.
class Check {
  public:
    /// Rounds of questions that no check needs more of: the record, for each term its own question and the addresses of what it names,
    /// names of the client and their addresses, and the explanation.
    static constexpr std::size_t max_rounds = 24;

    Check(Client client, Identity identity, const Limits& limits = {});

    using Questions = std::vector<dns::DnsQuestion>;

    /// `answers` in any order; of several to one question the first counts. A question whose answer is not among them is asked for, so what
    /// could not be asked must be there as what it is (Rcode::unreachable). Questions are each there once, and at least one.
    [[nodiscard]] std::variant<CheckResult, Questions> evaluate(
        std::span<const dns::DnsAnswer> answers) const;

  private:
    Client client_;
    Limits limits_;
    CheckResult begun_;  // identity, sender and domain; the reason if `domain` is empty
    std::string local_;
    std::string sender_domain_;
};

}  // namespace bulla::spf

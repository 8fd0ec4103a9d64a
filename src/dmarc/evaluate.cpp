#include "dmarc/evaluate.h"

#include <algorithm>
#include <utility>

namespace bulla::dmarc {

namespace {

void conclude(DmarcResult& result, Verdict verdict, std::string reason) {
    result.verdict = verdict;
    result.reason = std::move(reason);
}

void ask(std::vector<dns::DnsQuestion>& questions, const std::vector<dns::DnsQuestion>& more) {
    for (const dns::DnsQuestion& question : more) {
        if (std::ranges::find(questions, question) == questions.end()) {
            questions.push_back(question);
        }
    }
}

// The record that applies (RFC 9989 4.10.1): the author's own, its organisation's, or that of its public suffix.
const FoundRecord* choose_record(const Walk& walk, const std::string& author) {
    if (const FoundRecord* own = walk.find(author)) {
        return own;
    }
    if (const FoundRecord* above = walk.find(walk.organization)) {
        return above;
    }
    const auto suffix =
        std::ranges::find(walk.records, PublicSuffix::yes, [](const FoundRecord& found) {
            return found.record.public_suffix;
        });
    return suffix == walk.records.end() ? nullptr : &*suffix;
}

// Takes the policy for the author from the record; asks whether the author's domain exists if that matters.
void choose_policy(Step& step,
                   const FoundRecord& found,
                   const std::string& author,
                   std::span<const dns::DnsAnswer> answers) {
    DmarcResult& result = step.result;
    const Record& record = found.record;
    result.published = record.policy;
    if (found.domain == author) {
        return;
    }
    if (record.subdomain_policy) {
        result.published = *record.subdomain_policy;
        result.policy_tag = "sp";
    }
    if (!record.nonexistent_policy || *record.nonexistent_policy == result.published) {
        return;
    }
    // RFC 9989 3.2.13: "if the response code received for a query for a domain name is NXDOMAIN, then the domain name and any possible
    // subdomains do not exist."
    const dns::DnsQuestion question{.type = dns::RecordType::a, .name = author};
    const dns::DnsAnswer* answer = find_answer(answers, question);
    if (answer == nullptr) {
        ask(step.questions, {question});
    } else if (answer->rcode == dns::Rcode::name_error && !answer->is_temporary_failure()) {
        result.published = *record.nonexistent_policy;
        result.policy_tag = "np";
    }
}

// RFC 9989 4.7: while t=y, "the policy applied to any failing messages will be one level below the specified policy".
Policy lower(Policy policy) {
    return policy == Policy::reject ? Policy::quarantine : Policy::none;
}

// How much a result asks for; the greatest counts of several.
int weight(const DmarcResult& result) {
    switch (result.verdict) {
        case Verdict::fail:
            return result.policy == Policy::reject       ? 6
                   : result.policy == Policy::quarantine ? 5
                                                         : 3;
        case Verdict::temperror:
            return 4;
        case Verdict::permerror:
            return 2;
        case Verdict::none:
            return 1;
        default:
            return 0;
    }
}

std::vector<Identifier> collect(const Input& input, std::size_t most) {
    std::vector<Identifier> out;
    const auto add = [&](Verdict verdict, Identifier identifier) {
        const auto name = DomainName::parse(identifier.domain);
        if ((verdict != Verdict::pass && verdict != Verdict::temperror) || !name ||
            out.size() >= most) {
            return;
        }
        identifier.domain = name->ascii();
        identifier.uncertain = verdict == Verdict::temperror;
        out.push_back(std::move(identifier));
    };
    add(input.spf.verdict, {.method = "spf", .domain = input.spf.domain});
    for (const dkim::SignatureResult& signature : input.signatures) {
        // RFC-DEVIATION 6376 3.6.1: "Verifiers MUST NOT treat messages from Signers in testing mode differently from unsigned email, even
        // should the signature fail to verify." A good signature by a key with t=y counts here, as it does wherever DMARC is evaluated:
        // else mail would be refused for a flag that was forgotten.
        add(signature.verdict,
            {.method = "dkim", .domain = signature.domain, .selector = signature.selector});
    }
    return out;
}

// Says how the alignment of all identifiers makes the message end.
void decide(DmarcResult& result, const Record& record, bool walk_failed) {
    const auto aligned = [&](bool uncertain) {
        return std::ranges::find_if(result.identifiers, [uncertain](const Identifier& one) {
            return one.aligned && one.uncertain == uncertain;
        });
    };
    if (const auto good = aligned(false); good != result.identifiers.end()) {
        return conclude(result, Verdict::pass, good->method + " vouches for " + good->domain);
    }
    if (aligned(true) != result.identifiers.end() || walk_failed) {
        return conclude(result,
                        Verdict::temperror,
                        walk_failed ? "the DNS could not be asked for the organisational domains"
                                    : "an aligned identifier could not be checked for now");
    }
    conclude(result,
             Verdict::fail,
             result.identifiers.empty() ? "neither SPF nor DKIM vouches for any domain"
                                        : "what SPF and DKIM vouch for is not aligned");
    result.policy = record.testing ? lower(result.published) : result.published;
}

}  // namespace

Evaluation::Evaluation(Input input, const Options& options)
    : input_(std::move(input)),
      options_(options),
      identifiers_(collect(input_, options.max_identifiers)) {}

Walk Evaluation::walk(const DomainName& domain, std::span<const dns::DnsAnswer> answers) const {
    return options_.suffix_list == nullptr ? walk_tree(domain, answers)
                                           : walk_by_list(domain, *options_.suffix_list, answers);
}

Step Evaluation::evaluate(std::span<const dns::DnsAnswer> answers) const {
    Step out;
    // RFC 9989 5.3.1: "If zero or more than one domain is extracted from the RFC5322.From header field, then DMARC validation is not possible
    // and the process terminates."
    if (input_.authors.domains.empty()) {
        conclude(
            out.result,
            Verdict::permerror,
            input_.authors.problem.empty() ? "the message has no author" : input_.authors.problem);
        return out;
    }
    bool first = true;
    for (const DomainName& author : input_.authors.domains) {
        Step step = judge(author, answers);
        ask(out.questions, step.questions);
        if (first || weight(step.result) > weight(out.result)) {
            out.result = std::move(step.result);
        }
        first = false;
    }
    if (input_.authors.domains.size() > 1) {
        out.result.reason.append(" (one of several authors)");
    }
    return out;
}

Step Evaluation::judge(const DomainName& author, std::span<const dns::DnsAnswer> answers) const {
    Step step;
    DmarcResult& result = step.result;
    result.domain = author.ascii();
    const Walk own = walk(author, answers);
    if (!own.missing.empty()) {
        step.questions = own.missing;
        return step;
    }
    result.organization = own.organization;
    const FoundRecord* found = choose_record(own, author.ascii());
    if (found == nullptr) {
        conclude(result,
                 own.failed ? Verdict::temperror : Verdict::none,
                 own.failed ? "the DNS could not be asked for the DMARC record"
                            : "there is no DMARC record");
        return step;
    }
    result.policy_domain = found->domain;
    result.record_text = found->text;
    result.record = found->record;
    choose_policy(step, *found, author.ascii(), answers);
    align(step, found->record, author, answers);
    if (own.failed && result.verdict == Verdict::fail) {
        // A record that was not seen might have said something else.
        result.policy = Policy::none;
        conclude(result, Verdict::temperror, "the DNS could not be asked for all DMARC records");
    }
    return step;
}

void Evaluation::align(Step& step,
                       const Record& record,
                       const DomainName& author,
                       std::span<const dns::DnsAnswer> answers) const {
    DmarcResult& result = step.result;
    result.identifiers = identifiers_;
    const auto organization = DomainName::parse(result.organization);
    bool failed = false;
    for (Identifier& one : result.identifiers) {
        one.aligned = one.domain == author.ascii();
    }
    const bool sure = std::ranges::any_of(
        result.identifiers, [](const Identifier& one) { return one.aligned && !one.uncertain; });
    for (Identifier& one : result.identifiers) {
        const Alignment mode = one.method == "spf" ? record.spf : record.dkim;
        // RFC 9989 4.10.2: nothing need be asked for domains that are the same, or of which strict alignment is wanted. Nor for those outside of
        // the author's organisation: theirs is one of the domains above them. So nobody else's DNS, which may be made to fail, has a say.
        const auto name = DomainName::parse(one.domain);
        if (one.aligned || sure || mode == Alignment::strict || !name || !organization ||
            !name->is_within(*organization)) {
            continue;
        }
        const Walk other = walk(*name, answers);
        ask(step.questions, other.missing);
        failed = failed || other.failed;
        one.organization = other.organization;
        one.aligned = other.organization == result.organization;
    }
    if (step.questions.empty()) {
        decide(result, record, failed);
    }
}

authres::MethodResult to_method(const DmarcResult& result) {
    authres::MethodResult method{.method = "dmarc",
                                 .result = std::string(to_string(result.verdict))};
    if (result.record) {
        method.comment = std::string(result.policy_tag)
                             .append("=")
                             .append(to_string(result.published))
                             .append(" dis=")
                             .append(to_string(result.policy));
    }
    if (result.verdict != Verdict::pass && result.verdict != Verdict::none) {
        method.reason = result.reason;
    }
    if (!result.domain.empty()) {
        method.properties.push_back({.type = "header", .name = "from", .value = result.domain});
    }
    return method;
}

}  // namespace bulla::dmarc

#include "spf/walk.h"

#include "spf/characters.h"

#include <algorithm>
#include <ranges>

namespace bulla::spf {

namespace {

constexpr std::size_t kept_record = 512;

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

const dns::DnsAnswer* look_up(std::span<const dns::DnsAnswer> answers,
                              dns::RecordType type,
                              std::string_view name) {
    const auto found = std::ranges::find_if(answers, [&](const dns::DnsAnswer& one) {
        return one.type == type && is_same_word(one.name, name);
    });
    return found == answers.end() ? nullptr : &*found;
}

}  // namespace

bool Walk::want(dns::RecordType type, const std::string& name) {
    dns::DnsQuestion question{.type = type, .name = name};
    if (look_up(answers_, type, name) != nullptr ||
        std::ranges::find(questions_, question) != questions_.end()) {
        return false;
    }
    questions_.push_back(std::move(question));
    return true;
}

const dns::DnsAnswer* Walk::find(dns::RecordType type, const std::string& name) {
    const dns::DnsAnswer* answer = look_up(answers_, type, name);
    if (answer == nullptr) {
        (void)want(type, name);
        return nullptr;
    }
    UsedAnswer used{.type = type,
                    .name = name,
                    .rcode = answer->rcode,
                    .security = answer->security,
                    .ttl = answer->ttl};
    if (std::ranges::find(result_.answers, used) == result_.answers.end()) {
        result_.answers.push_back(std::move(used));
    }
    return answer;
}

Walk::Step Walk::permerror(std::string why) {
    if (result_.reason.empty()) {
        result_.reason = std::move(why);
    }
    return Step::permerror;
}

Walk::Step Walk::temperror(const dns::DnsAnswer& answer) {
    if (result_.reason.empty()) {
        result_.reason = answer.security == dns::Security::bogus
                             ? "the answer of the DNS is not what its owner signed: "
                             : "the DNS gave no usable answer: ";
        result_.reason.append(dns::to_string(answer.type)).append(" of ").append(answer.name);
    }
    return Step::temperror;
}

Walk::Step Walk::count_term() {
    // RFC 7208 4.6.4: "SPF implementations MUST limit the total number of those terms to 10 during SPF evaluation, to avoid unreasonable
    // load on the DNS. If this limit is exceeded, the implementation MUST return 'permerror'."
    if (++result_.terms > limits_.max_terms) {
        return permerror("the records ask for more than " + std::to_string(limits_.max_terms) +
                         " terms that need the DNS");
    }
    return Step::yes;
}

Walk::Step Walk::count_void() {
    // RFC 7208 4.6.4: "SPF implementations SHOULD limit 'void lookups' to two."
    if (++result_.void_lookups > limits_.max_void_lookups) {
        return permerror("more than " + std::to_string(limits_.max_void_lookups) +
                         " names in the records do not exist or have no such data");
    }
    return Step::no;
}

bool Walk::run(const std::string& domain) {
    const std::optional<Verdict> verdict = check_host(domain, true);
    if (!verdict) {
        return false;
    }
    result_.verdict = *verdict;
    if (*verdict == Verdict::none || *verdict == Verdict::temperror ||
        *verdict == Verdict::permerror) {
        result_.mechanism.clear();  // what an included record may have left
    }
    if (result_.reason.empty()) {
        result_.reason = say(*verdict);
    }
    return *verdict != Verdict::fail || explain();
}

std::string Walk::say(Verdict verdict) const {
    const std::string who = values_.client.text();
    const std::string& domain = result_.domain;
    switch (verdict) {
        case Verdict::pass:
            return who + " may send for " + domain + ": " + matched_;
        case Verdict::fail:
            return who + " may not send for " + domain + ": " + matched_;
        case Verdict::softfail:
            return who + " probably may not send for " + domain + ": " + matched_;
        case Verdict::neutral:
            return domain + " does not say whether " + who + " may send for it: " + matched_;
        default:
            return "there is no SPF record at " + domain;
    }
}

// The one SPF record of a domain. yes: it is in `text`; no: there is none.
Walk::Step Walk::find_record(const std::string& domain, std::string& text) {
    const dns::DnsAnswer* answer = find(dns::RecordType::txt, domain);
    if (answer == nullptr) {
        return Step::pending;
    }
    // RFC 7208 4.4: a failure of the server, any RCODE but 0 and 3, and no answer in time give temperror.
    if (answer->is_temporary_failure()) {
        return temperror(*answer);
    }
    std::size_t count = 0;
    for (const std::string& rdata : answer->records) {
        if (auto one = dns::parse_txt(rdata); one && is_record(*one)) {
            text = *std::move(one);
            ++count;
        }
    }
    // RFC 7208 4.5: "If the resultant record set includes more than one record, check_host() produces the 'permerror' result."
    if (count > 1) {
        return permerror("there is more than one SPF record at " + domain);
    }
    if (text.size() > limits_.max_record) {
        return permerror("the SPF record of " + domain + " is longer than " +
                         std::to_string(limits_.max_record) + " octets");
    }
    return count == 1 ? Step::yes : Step::no;
}

// What a step other than yes and no makes of the whole check; nullopt: answers are missing.
std::optional<Verdict> Walk::verdict_of(Step step) {
    switch (step) {
        case Step::temperror:
            return Verdict::temperror;
        case Step::permerror:
            return Verdict::permerror;
        default:
            return std::nullopt;
    }
}

// Gives what check_host() of RFC 7208 4 gives; nullopt: answers are missing.
std::optional<Verdict> Walk::check_host(std::string domain, bool outermost) {
    for (bool redirected = false;; redirected = true) {
        std::string text;
        const Step found = find_record(domain, text);
        // RFC 7208 6.1: "if no SPF record is found, or if the <target-name> is malformed, the result is a 'permerror' rather than 'none'."
        if (found == Step::no && redirected) {
            return verdict_of(
                permerror("redirect= leads to " + domain + ", where no SPF record is"));
        }
        if (found != Step::yes) {
            return found == Step::no ? Verdict::none : verdict_of(found);
        }
        if (outermost) {
            keep_record(text);
        }
        // RFC 7208 4.6: "if there are any syntax errors anywhere in the record, check_host() returns immediately with the result
        // 'permerror', without further interpretation or evaluation."
        auto record = parse_record(text);
        if (!record) {
            return verdict_of(
                permerror("the SPF record of " + domain + " is unusable: " + record.error().text));
        }
        Verdict verdict = Verdict::neutral;
        const Step matched = match_directives(*record, domain, verdict);
        if (matched != Step::no) {
            return matched == Step::yes ? verdict : verdict_of(matched);
        }
        if (!record->redirect) {
            // RFC 7208 4.7: "If none of the mechanisms match and there is no 'redirect' modifier, then the check_host() returns a result of
            // 'neutral'"
            conclude(*record, nullptr, domain);
            return Verdict::neutral;
        }
        const Step followed = follow_redirect(*record, domain);
        if (followed != Step::yes) {
            return verdict_of(followed);
        }
    }
}

void Walk::keep_record(const std::string& text) {
    result_.record = text.substr(0, kept_record);
    std::ranges::replace_if(result_.record, [](char c) { return c < ' ' || c > '~'; }, '?');
}

// yes: a directive matched, and says `verdict`.
Walk::Step Walk::match_directives(Record& record, const std::string& domain, Verdict& verdict) {
    for (std::size_t i = 0; i < record.directives.size(); ++i) {
        const Directive& directive = record.directives[i];
        const Step step = match(directive, domain);
        if (step == Step::no) {
            continue;
        }
        if (step == Step::pending) {
            ask_ahead(record, i + 1, domain);
        } else if (step == Step::yes) {
            verdict = directive.result;
            conclude(record, &directive, domain);
        }
        return step;
    }
    return Step::no;
}

// yes: `domain` is the one that redirect= names.
Walk::Step Walk::follow_redirect(const Record& record, std::string& domain) {
    if (count_term() != Step::yes) {
        return Step::permerror;
    }
    Name target = target_of(record.redirect, domain);
    if (target.step == Step::no || (target.step == Step::yes && !target.text.contains('.'))) {
        return permerror("redirect= in the record of " + domain + " does not lead to a domain");
    }
    if (target.step == Step::yes) {
        domain = std::move(target.text);
    }
    return target.step;
}

// Notes what decided, as far as it is known where we are: the last call is that of the outermost record.
void Walk::conclude(Record& record, const Directive* directive, const std::string& domain) {
    if (directive == nullptr) {
        result_.mechanism = "default";
        matched_ = "nothing in the record of " + domain + " matches";
        return;
    }
    result_.mechanism = directive->text;
    std::string where = result_.mechanism;
    where.append(" in the record of ").append(domain);
    matched_ =
        directive->mechanism == Mechanism::include ? where + ", and there " + matched_ : where;
    if (matched_.size() > kept_record) {
        matched_ = where.substr(0, kept_record);
    }
    exit_ = {.explanation = std::move(record.explanation), .domain = domain};
}

Walk::Step Walk::match(const Directive& directive, const std::string& domain) {
    switch (directive.mechanism) {
        case Mechanism::all:
            return Step::yes;
        case Mechanism::ip4:
        case Mechanism::ip6:
            return directive.covers(directive.network, values_.client) ? Step::yes : Step::no;
        default:
            break;
    }
    if (count_term() != Step::yes) {
        return Step::permerror;
    }
    const Name target = target_of(directive.target, domain);
    if (target.step == Step::no && directive.mechanism == Mechanism::include && directive.target &&
        !needs_other_local(*directive.target)) {
        return permerror("include: in the record of " + domain + " does not lead to a domain");
    }
    if (target.step != Step::yes) {
        return target.step;
    }
    switch (directive.mechanism) {
        case Mechanism::include:
            return match_include(target.text);
        case Mechanism::a:
            return match_addresses(directive, target.text);
        case Mechanism::mx:
            return match_mx(directive, target.text);
        case Mechanism::ptr:
            return match_ptr(target.text);
        default:
            return match_exists(target.text);
    }
}

// RFC 7208 5.2: the table that turns what the included record says into match, no match or an error.
Walk::Step Walk::match_include(const std::string& name) {
    if (!name.contains('.')) {
        return permerror("include: leads to " + name + ", which is no domain");
    }
    const std::optional<Verdict> verdict = check_host(name, false);
    if (!verdict) {
        return Step::pending;
    }
    switch (*verdict) {
        case Verdict::pass:
            return Step::yes;
        case Verdict::temperror:
            return Step::temperror;
        case Verdict::permerror:
            return Step::permerror;
        case Verdict::none:
            return permerror("include: leads to " + name + ", where no SPF record is");
        default:
            return Step::no;
    }
}

// RFC 8616 4: "If the local-part contains non-ASCII characters, terms that include %{s} or %{l} do not match anything"
bool Walk::needs_other_local(const MacroString& text) const {
    return (text.uses('s') || text.uses('l')) && !is_printable(values_.local);
}

Walk::Name Walk::target_of(const std::optional<MacroString>& target, const std::string& domain) {
    if (!target) {
        return {.step = Step::yes, .text = domain};
    }
    if (needs_other_local(*target)) {
        return {};
    }
    const Step step = fill_validated(*target, domain);
    if (step != Step::yes) {
        return {.step = step, .text = {}};
    }
    auto name = target->expand_name(values_);
    return name ? Name{.step = Step::yes, .text = *std::move(name)} : Name{};
}

// Questions that later terms of the record will have if they are reached, so that they need no round of their own.
void Walk::ask_ahead(const Record& record, std::size_t from, const std::string& domain) {
    for (const Directive& directive : record.directives | std::views::drop(from)) {
        if (directive.mechanism == Mechanism::all) {
            return;
        }
        if (directive.asks_dns()) {
            ask_ahead(directive, domain);
        }
    }
    if (record.redirect) {
        Directive redirect;
        redirect.mechanism = Mechanism::include;
        redirect.target = record.redirect;
        ask_ahead(redirect, domain);
    }
}

void Walk::ask_ahead(const Directive& directive, const std::string& domain) {
    if (ahead_ >= limits_.max_asked_ahead || (directive.target && directive.target->uses('p'))) {
        return;
    }
    const Name target = directive.mechanism == Mechanism::ptr
                            ? Name{.step = Step::yes, .text = dns::reverse_name(values_.client)}
                            : target_of(directive.target, domain);
    if (target.step != Step::yes) {
        return;
    }
    const auto type = [&] {
        switch (directive.mechanism) {
            case Mechanism::include:
                return dns::RecordType::txt;
            case Mechanism::mx:
                return dns::RecordType::mx;
            case Mechanism::ptr:
                return dns::RecordType::ptr;
            case Mechanism::exists:
                return dns::RecordType::a;
            default:
                return address_type();
        }
    }();
    ahead_ += want(type, target.text) ? 1 : 0;
}

// Fetches and expands what exp= names (RFC 7208 6.2); false: answers are missing.
bool Walk::explain() {
    counting_ = false;
    if (!exit_.explanation) {
        return true;
    }
    const Name target = target_of(exit_.explanation, exit_.domain);
    if (target.step != Step::yes) {
        return target.step != Step::pending;
    }
    const dns::DnsAnswer* answer = find(dns::RecordType::txt, target.text);
    if (answer == nullptr) {
        return false;
    }
    // RFC 7208 6.2: "If there are any DNS processing errors (any RCODE other than 0), or if no records are returned, or if more than one
    // record is returned, or if there are syntax errors in the explanation string, then proceed as if no 'exp' modifier was given."
    const std::vector<std::string> texts = dns::texts(*answer);
    if (answer->records.size() != 1 || texts.size() != 1) {
        return true;
    }
    const auto text = MacroString::parse(texts.front(), MacroUse::explanation);
    if (!text) {
        return true;
    }
    if (fill_validated(*text, exit_.domain) == Step::pending) {
        return false;
    }
    // It goes into replies and logs, so what the macros brought in is held to visible ASCII like the text itself.
    std::string expanded = text->expand(values_, limits_.max_explanation);
    if (expanded.size() <= limits_.max_explanation && is_printable(expanded)) {
        result_.explanation = std::move(expanded);
    }
    return true;
}

}  // namespace bulla::spf

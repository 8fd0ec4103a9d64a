#include "services/dns_check.h"

#include "dkim/key_record.h"
#include "net/resolver.h"
#include "services/access.h"
#include "services/lookup.h"
#include "services/table.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <thread>

namespace bulla::services {
namespace {

constexpr std::size_t at_once = 8;
constexpr std::size_t most_seen = 20;

/// The tag that tells the records of a kind from other TXT records at the name.
std::string_view mark_of(std::string_view what) {
    return what == "spf" ? "v=spf1" : what == "dmarc" ? "v=DMARC1" : "";
}

bool same_key(const std::string& one, const std::string& other) {
    const auto first = dkim::parse_key_record(one);
    const auto second = dkim::parse_key_record(other);
    if (!first || !second) {
        return false;
    }
    const auto& one_key = first->key;
    const auto& other_key = second->key;
    return one_key && other_key && one_key->fingerprint() == other_key->fingerprint();
}

void judge_dkim(RecordCheck& check) {
    if (check.seen.size() == 1 && same_key(check.seen.front(), check.expected)) {
        check.state = RecordState::match;
        return;
    }
    check.state = RecordState::different;
    check.detail = check.seen.size() > 1
                       ? "there are several TXT records at this name: verifiers may take any"
                       : "another key is published than the one that signs";
}

void judge_texts(RecordCheck& check) {
    check.state = RecordState::present;
    // RFC 7208 3.2: "A domain name MUST NOT have multiple records that would cause an authorization check to select more than one record."
    if (check.seen.size() > 1) {
        check.state = RecordState::different;
        check.detail = "there is more than one, so none of them counts";
    }
}

void take_records(RecordCheck& check, const dns::DnsAnswer& answer) {
    if (check.question.type == dns::RecordType::mx) {
        for (const std::string& record : answer.records) {
            if (const auto mx = dns::parse_mx(record)) {
                check.seen.push_back(fmt::format("{} {}", mx->preference, mx->exchange));
            }
        }
        std::ranges::sort(check.seen);
    } else {
        const std::string_view mark = mark_of(check.what);
        std::ranges::copy_if(dns::texts(answer),
                             std::back_inserter(check.seen),
                             [&](const std::string& text) { return text.starts_with(mark); });
    }
    check.seen.resize(std::min(check.seen.size(), most_seen));
}

}  // namespace

namespace {

/// "There is no such name" is worth nothing from a resolver that says so of the root, too.
void doubt_absence(std::span<RecordCheck> checks, const AskDns& ask) {
    const auto is_missing = [](const RecordCheck& check) {
        return check.state == RecordState::missing;
    };
    if (std::ranges::none_of(checks, is_missing) || is_working(ask(probe()))) {
        return;
    }
    for (RecordCheck& check : checks) {
        if (is_missing(check)) {
            check.state = RecordState::error;
            check.detail = "the resolver does not even know the root of the DNS";
        }
    }
}

}  // namespace

std::string_view to_string(RecordState state) {
    switch (state) {
        case RecordState::match:
            return "match";
        case RecordState::present:
            return "present";
        case RecordState::missing:
            return "missing";
        case RecordState::different:
            return "different";
        case RecordState::error:
            return "error";
    }
    return "";
}

Result<AskDns> dns_of(ServiceContext& context) {
    if (context.ask) {
        return context.ask;
    }
    BULLA_TRY(opened, net::Resolver::open());
    std::shared_ptr<net::Resolver> resolver = std::move(opened);
    return AskDns(
        [resolver](const dns::DnsQuestion& question) { return resolver->ask_blocking(question); });
}

dns::DnsQuestion probe() {
    return {dns::RecordType::soa, "."};
}

bool is_working(const dns::DnsAnswer& answer) {
    return answer.rcode == dns::Rcode::no_error && answer.security != dns::Security::bogus;
}

std::vector<RecordCheck> plan_checks(const std::string& domain,
                                     const std::string& hostname,
                                     std::span<const PublishedKey> keys) {
    std::vector<RecordCheck> out;
    for (const PublishedKey& key : keys) {
        out.push_back({.what = "dkim",
                       .question = {dns::RecordType::txt, key.selector + "._domainkey." + domain},
                       .expected = key.text});
    }
    out.push_back({.what = "mx",
                   .question = {dns::RecordType::mx, domain},
                   .suggested = fmt::format("10 {}.", hostname)});
    // Neither refuses anything yet: who publishes them does not lose mail that goes another way.
    out.push_back({.what = "spf",
                   .question = {dns::RecordType::txt, domain},
                   .suggested = fmt::format("v=spf1 mx a:{} ~all", hostname)});
    out.push_back({.what = "dmarc",
                   .question = {dns::RecordType::txt, "_dmarc." + domain},
                   .suggested = fmt::format("v=DMARC1; p=none; rua=mailto:postmaster@{}", domain)});
    return out;
}

void judge(RecordCheck& check, const dns::DnsAnswer& answer) {
    check.seen.clear();
    check.detail.clear();
    if (answer.is_temporary_failure() || (!answer.is_absent() && answer.records.empty())) {
        check.state = RecordState::error;
        check.detail = answer.security == dns::Security::bogus
                           ? "DNSSEC says that the answer is forged"
                           : "the DNS gave no usable answer";
        return;
    }
    take_records(check, answer);
    if (check.seen.empty()) {
        check.state = RecordState::missing;
        check.detail = "no such record is published";
    } else if (check.what == "dkim") {
        judge_dkim(check);
    } else if (check.what == "mx") {
        check.state = RecordState::present;
    } else {
        judge_texts(check);
    }
}

void run_checks(std::span<RecordCheck> checks, const AskDns& ask) {
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < checks.size(); i = next++) {
            judge(checks[i], ask(checks[i].question));
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < std::min(at_once, checks.size()); ++i) {
            threads.emplace_back(work);
        }
    }
    doubt_absence(checks, ask);
}

nlohmann::json to_json(const RecordCheck& check) {
    json out = {{"what", check.what},
                {"name", check.question.name},
                {"type", dns::to_string(check.question.type)},
                {"seen", check.seen},
                {"state", to_string(check.state)},
                {"detail", check.detail}};
    if (!check.expected.empty()) {
        out["expected"] = check.expected;
    }
    if (!check.suggested.empty() && check.state == RecordState::missing) {
        out["suggested"] = check.suggested;
    }
    return out;
}

Result<std::map<std::string, std::vector<PublishedKey>>> load_published_keys(
    ServiceContext& context) {
    BULLA_TRY(connection, context.database.lease());
    BULLA_TRY(rows,
              (connection->query<std::string, std::string, std::string>(
                  "select domain, selector, public_key from dkim_key where active = 1 order by "
                  "domain, selector")));
    std::map<std::string, std::vector<PublishedKey>> out;
    for (const auto& [domain, selector, pem] : rows) {
        BULLA_TRY(key, crypto::PublicKey::parse_pem(pem));
        BULLA_TRY(text, dkim::write_key_record(key));
        out[domain].push_back({.selector = selector, .text = text});
    }
    return out;
}

// {"domain"?} → [{"domain", "records": [{"what", "name", "type", "expected"?, "suggested"?, "seen", "state", "detail"}]}]. Errors: domain.missing,
// net.resolver.
Result<json> check_dns(ServiceContext& context, const Caller& caller, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(wanted, in.text_or("domain", "", 253));
    BULLA_CHECK(in.finish());
    BULLA_TRY(keys, load_published_keys(context));
    std::vector<std::string> domains;
    for (const auto& [name, enabled] : context.snapshots.current()->domains) {
        if ((wanted.empty() || name == wanted) && sees_domain(caller, name)) {
            domains.push_back(name);
        }
    }
    if (domains.empty() && !wanted.empty()) {
        return fail("domain.missing", Fault::sender, "there is no domain " + wanted);
    }
    std::ranges::sort(domains);
    BULLA_TRY(ask, dns_of(context));
    json out = json::array();
    for (const std::string& domain : domains) {
        auto checks =
            plan_checks(domain, context.snapshots.current()->config.hostname, keys[domain]);
        run_checks(checks, ask);
        json records = json::array();
        std::ranges::transform(checks, std::back_inserter(records), to_json);
        out.push_back({{"domain", domain}, {"records", std::move(records)}});
    }
    return out;
}

}  // namespace bulla::services

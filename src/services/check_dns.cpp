#include "net/resolver.h"
#include "services/check_parts.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace bulla::services {
namespace {

// Where Debian's package dns-root-data puts the anchors of the root zone.
constexpr const char* anchors = "/usr/share/dns/root.key";
constexpr std::size_t most_addresses = 8;

Finding finding(CheckState state, std::string text, std::string action = {}) {
    return {"dns", state, std::move(text), std::move(action)};
}

std::vector<Ip> parse_addresses(const dns::DnsAnswer& answer) {
    std::vector<Ip> out;
    for (const std::string& record : answer.records) {
        if (const auto ip = dns::parse_address(record); ip && out.size() < most_addresses) {
            out.push_back(*ip);
        }
    }
    return out;
}

Finding judge_security(const NameFacts& facts) {
    if (!facts.validated) {
        return finding(CheckState::warning,
                       "DNSSEC is not checked: this machine has no trust anchors",
                       "apt-get install dns-root-data");
    }
    if (facts.validated->security == dns::Security::secure) {
        return finding(CheckState::ok, "the resolver gives DNSSEC's records");
    }
    return finding(CheckState::warning,
                   "the resolver strips DNSSEC's records: nothing can be validated",
                   "run a resolver of your own, such as unbound, and name it in /etc/resolv.conf");
}

Finding judge_pointer(const std::string& hostname, const dns::DnsAnswer& pointer) {
    const bool named = std::ranges::any_of(pointer.records, [&](const std::string& record) {
        const auto name = dns::parse_name(record);
        return name && *name == hostname;
    });
    if (named) {
        return finding(CheckState::ok, fmt::format("{} points back to {}", pointer.name, hostname));
    }
    return finding(CheckState::warning,
                   fmt::format("{} does not point back to {}: some servers refuse mail from here",
                               pointer.name,
                               hostname),
                   "ask who gave you the address to set its PTR record");
}

}  // namespace

Findings judge_names(const NameFacts& facts) {
    if (!is_working(facts.root)) {
        return {finding(CheckState::error,
                        "the resolver does not answer: no delivery can find its way",
                        "correct /etc/resolv.conf")};
    }
    Findings out{finding(CheckState::ok, "the resolver answers"), judge_security(facts)};
    bool any = false;
    for (const dns::DnsAnswer& answer : facts.addresses) {
        for (const Ip& ip : parse_addresses(answer)) {
            any = true;
            out.push_back(
                finding(CheckState::ok, fmt::format("{} is {}", facts.hostname, ip.text())));
        }
    }
    if (!any) {
        out.push_back(finding(
            CheckState::warning,
            fmt::format("the DNS knows no address of {} (hostname in bulla.toml)", facts.hostname),
            "publish an A or AAAA record; others look for it"));
    }
    for (const dns::DnsAnswer& pointer : facts.pointers) {
        out.push_back(judge_pointer(facts.hostname, pointer));
    }
    return out;
}

Finding judge_record(const std::string& domain, const RecordCheck& check) {
    const std::string which = fmt::format("{} of {}", check.what, domain);
    const std::string publish =
        fmt::format("publish at {} {}: {}",
                    check.question.name,
                    dns::to_string(check.question.type),
                    check.expected.empty() ? check.suggested : check.expected);
    switch (check.state) {
        case RecordState::match:
        case RecordState::present:
            return finding(CheckState::ok,
                           fmt::format("{}: {} is published", which, check.question.name));
        case RecordState::missing:
            return finding(check.what == "dkim" ? CheckState::error : CheckState::warning,
                           fmt::format("{}: there is no record at {}", which, check.question.name),
                           publish);
        case RecordState::different:
            return finding(
                CheckState::error,
                fmt::format("{}: {} says something else than the key", which, check.question.name),
                publish);
        case RecordState::error:
            break;
    }
    return finding(CheckState::warning,
                   fmt::format("{}: could not be asked: {}", which, check.detail),
                   "try again later");
}

Findings look_at_names(const config::Config& config, const AskDns& ask) {
    NameFacts facts{.hostname = config.hostname, .root = ask(probe())};
    if (facts.root.rcode == dns::Rcode::unreachable) {
        return judge_names(facts);
    }
    std::error_code ignored;
    if (std::filesystem::exists(anchors, ignored)) {
        if (const auto resolver =
                net::Resolver::open({.forwarder = std::nullopt, .anchor_file = anchors})) {
            facts.validated = (*resolver)->ask_blocking({dns::RecordType::soa, "."});
        }
    }
    for (const auto type : {dns::RecordType::a, dns::RecordType::aaaa}) {
        facts.addresses.push_back(ask({type, config.hostname}));
        for (const Ip& ip : parse_addresses(facts.addresses.back())) {
            facts.pointers.push_back(ask({dns::RecordType::ptr, dns::reverse_name(ip)}));
        }
    }
    return judge_names(facts);
}

}  // namespace bulla::services

#include "net/client_name.h"

#include "names/domain.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace bulla::net {

namespace {

// Whoever owns the reverse zone may list any number of names, and each is a question of ours to a zone of his choice.
constexpr std::size_t max_names = 5;

/// The host names among the PTR records of `answer`.
std::vector<std::string> host_names(const dns::DnsAnswer& answer) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(answer.records.size(), max_names); ++i) {
        const auto name = dns::parse_name(answer.records[i]);
        // RFC 5321 4.1.2 gives labels of a domain letters, digits and hyphens; the DNS has more, which Received cannot hold.
        if (name && name->find('_') == std::string::npos) {
            if (const auto domain = DomainName::parse(*name)) {
                names.push_back(domain->ascii());
            }
        }
    }
    return names;
}

bool holds(const dns::DnsAnswer& answer, const Ip& ip) {
    return !answer.is_temporary_failure() &&
           std::ranges::any_of(answer.records, [&](const std::string& rdata) {
               const auto address = dns::parse_address(rdata);
               return address && *address == ip;
           });
}

}  // namespace

Task<std::string> find_client_name(Ask ask, Ip ip, Deadline until) {
    const auto reverse =
        co_await ask({.type = dns::RecordType::ptr, .name = dns::reverse_name(ip)}, until);
    if (reverse.is_temporary_failure()) {
        co_return std::string();
    }
    const auto type = ip.is_v4() ? dns::RecordType::a : dns::RecordType::aaaa;
    for (const auto& name : host_names(reverse)) {
        const auto forward = co_await ask({.type = type, .name = name}, until);
        if (holds(forward, ip)) {
            co_return name;
        }
    }
    co_return std::string();
}

Task<std::string> find_client_name(Resolver& resolver, Ip ip) {
    auto ask = [&resolver](dns::DnsQuestion question, Deadline until) {
        return resolver.ask(std::move(question), until);
    };
    co_return co_await find_client_name(Ask(ask), ip, after(client_name_time));
}

}  // namespace bulla::net

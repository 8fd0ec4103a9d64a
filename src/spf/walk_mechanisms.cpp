#include "spf/walk.h"

#include <algorithm>
#include <ranges>

// The mechanisms that ask for addresses and names: a, mx, ptr, exists, and the macro p.

namespace bulla::spf {

namespace {

// A name in wire form, with whatever labels make_query_name() allows: policies name hosts that dns::parse_name() would not have.
std::optional<std::string> read_name(std::string_view rdata) {
    std::string name;
    while (!rdata.empty() && rdata.front() != '\0') {
        const auto length = static_cast<std::size_t>(static_cast<unsigned char>(rdata.front()));
        const std::string_view label = rdata.substr(1, length);
        if (label.size() < length || label.contains('.')) {
            return std::nullopt;
        }
        name.append(name.empty() ? "" : ".").append(label);
        rdata.remove_prefix(1 + length);
    }
    return rdata.size() == 1 ? make_query_name(name) : std::nullopt;
}

// The addresses of an answer to a question for `type`; records that are of another size are not of it.
std::vector<Ip> addresses(const dns::DnsAnswer& answer, dns::RecordType type) {
    std::vector<Ip> found;
    for (const std::string& rdata : answer.records) {
        if (rdata.size() == (type == dns::RecordType::a ? 4U : 16U)) {
            found.push_back(dns::parse_address(rdata).value());
        }
    }
    return found;
}

bool holds(const std::vector<Ip>& list, const Ip& ip) {
    return std::ranges::find(list, ip) != list.end();
}

}  // namespace

dns::RecordType Walk::address_type() const {
    // RFC 7208 5: "When any mechanism fetches host addresses to compare with <ip>, when <ip> is an IPv4, 'A' records are fetched; when
    // <ip> is an IPv6 address, 'AAAA' records are fetched."
    return values_.client.is_v4() ? dns::RecordType::a : dns::RecordType::aaaa;
}

Walk::Step Walk::match_addresses(const Directive& directive, const std::string& name) {
    const dns::DnsAnswer* answer = find(address_type(), name);
    if (answer == nullptr) {
        return Step::pending;
    }
    if (answer->is_temporary_failure()) {
        return temperror(*answer);
    }
    const std::vector<Ip> found = addresses(*answer, address_type());
    if (found.empty()) {
        return count_void();
    }
    const bool covered = std::ranges::any_of(
        found, [&](const Ip& address) { return directive.covers(address, values_.client); });
    return covered ? Step::yes : Step::no;
}

Walk::Step Walk::match_mx(const Directive& directive, const std::string& name) {
    const dns::DnsAnswer* answer = find(dns::RecordType::mx, name);
    if (answer == nullptr) {
        return Step::pending;
    }
    if (answer->is_temporary_failure()) {
        return temperror(*answer);
    }
    // RFC 7208 4.6.4: "the evaluation of each 'MX' record MUST NOT result in querying more than 10 address records -- either 'A' or 'AAAA'
    // resource records. If this limit is exceeded, the 'mx' mechanism MUST produce a 'permerror' result."
    // Ahead of any look-up, so that the verdict does not depend on the order in which the DNS names them.
    if (answer->records.size() > limits_.max_mx) {
        return permerror("there are more than " + std::to_string(limits_.max_mx) +
                         " MX records at " + name);
    }
    if (answer->records.empty()) {
        return count_void();
    }
    // By preference and name, for the same reason.
    std::vector<std::pair<std::string, std::string>> exchanges;
    for (const std::string& rdata : answer->records) {
        const std::string preference = rdata.substr(0, 2);
        auto exchange = read_name(std::string_view(rdata).substr(preference.size()));
        if (exchange) {
            exchanges.emplace_back(preference, *std::move(exchange));
        }
    }
    std::ranges::sort(exchanges);
    bool pending = false;
    for (const auto& exchange : exchanges | std::views::values) {
        if (pending) {
            (void)want(address_type(), exchange);
            continue;
        }
        const Step step = match_addresses(directive, exchange);
        if (step != Step::no && step != Step::pending) {
            return step;
        }
        pending = step == Step::pending;
    }
    return pending ? Step::pending : Step::no;
}

Walk::Step Walk::match_ptr(const std::string& name) {
    names_counted_ = true;
    const std::vector<std::string>* const names = validated_names();
    if (names == nullptr) {
        return Step::pending;
    }
    return std::ranges::any_of(*names, [&](const std::string& one) { return is_within(one, name); })
               ? Step::yes
               : Step::no;
}

Walk::Step Walk::match_exists(const std::string& name) {
    // RFC 7208 5.7: "The resulting domain name is used for a DNS A RR lookup (even when the connection type is IPv6). If any A record is
    // returned, this mechanism matches."
    const dns::DnsAnswer* answer = find(dns::RecordType::a, name);
    if (answer == nullptr) {
        return Step::pending;
    }
    if (answer->is_temporary_failure()) {
        return temperror(*answer);
    }
    return addresses(*answer, dns::RecordType::a).empty() ? count_void() : Step::yes;
}

// The client's names whose addresses lead back to it (RFC 7208 5.5), in the order of the alphabet; null: answers are missing.
// RFC-DEVIATION 7208 4.6.4: "SPF implementations SHOULD limit 'void lookups' to two."
// None of these is counted, for the owner of the client's address decides what they give, and could turn a fail into a permerror with them.
const std::vector<std::string>* Walk::validated_names() {
    if (validated_) {
        return &*validated_;
    }
    const dns::DnsAnswer* answer = find(dns::RecordType::ptr, dns::reverse_name(values_.client));
    if (answer == nullptr) {
        return nullptr;
    }
    std::vector<std::string> names;
    // RFC 7208 5.5: "If a DNS error occurs while doing the PTR RR lookup, then this mechanism fails to match."
    if (!answer->is_temporary_failure()) {
        for (const std::string& rdata : answer->records) {
            if (auto name = read_name(rdata)) {
                names.push_back(*std::move(name));
            }
        }
    }
    std::ranges::sort(names);
    const auto twins = std::ranges::unique(names);
    names.erase(twins.begin(), twins.end());
    // RFC 7208 4.6.4: "If this limit is exceeded, all records other than the first 10 MUST be ignored."
    names.resize(std::min(names.size(), limits_.max_ptr));
    std::vector<std::string> good;
    bool pending = false;
    for (std::string& name : names) {
        const dns::DnsAnswer* back = find(address_type(), name);
        pending = pending || back == nullptr;
        // RFC 7208 5.5: "If a DNS error occurs while doing an A RR lookup, then that domain name is skipped and the search continues."
        if (back != nullptr && !back->is_temporary_failure() &&
            holds(addresses(*back, address_type()), values_.client)) {
            good.push_back(std::move(name));
        }
    }
    if (pending) {
        return nullptr;
    }
    return &validated_.emplace(std::move(good));
}

// Gives the macro p its value if `text` uses it.
Walk::Step Walk::fill_validated(const MacroString& text, const std::string& domain) {
    values_.domain = domain;
    if (!text.uses('p')) {
        return Step::yes;
    }
    // RFC 7208 4.6.4: "When evaluating the 'ptr' mechanism or the %{p} macro, the number of 'PTR' resource records queried is included in
    // the overall limit of 10 mechanisms/modifiers that cause DNS lookups"
    if (counting_ && !std::exchange(names_counted_, true) && count_term() != Step::yes) {
        return Step::permerror;
    }
    const std::vector<std::string>* const names = validated_names();
    if (names == nullptr) {
        return Step::pending;
    }
    // RFC 7208 7.3: "If the <domain> is present in the list of validated domains, it SHOULD be used. Otherwise, if a subdomain of the
    // <domain> is present, it SHOULD be used. Otherwise, any name from the list can be used."
    values_.validated = names->empty() ? "unknown" : names->front();
    for (const std::string& name : *names) {
        if (name == domain) {
            values_.validated = name;
            break;
        }
        if (is_within(name, domain) && !is_within(values_.validated, domain)) {
            values_.validated = name;
        }
    }
    return Step::yes;
}

}  // namespace bulla::spf

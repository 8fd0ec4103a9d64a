#include "spf/check.h"

#include "names/domain.h"
#include "spf/walk.h"

#include <utility>

namespace bulla::spf {

namespace {

struct Parts {
    std::string local;
    std::string domain;
};

// RFC 5321 4.1.2: a quoted local part names the same mailbox as its unquoted form.
std::string unquote(std::string_view local) {
    if (local.size() < 2 || local.front() != '"' || local.back() != '"') {
        return std::string(local);
    }
    std::string plain;
    for (std::size_t i = 1; i + 1 < local.size(); ++i) {
        if (local[i] == '\\' && i + 2 < local.size()) {
            ++i;
        }
        plain += local[i];
    }
    return plain;
}

Parts split(const Client& client, Identity identity) {
    // RFC 7208 2.4: "When the reverse-path is null, this document defines the 'MAIL FROM' identity to be the mailbox composed of the
    // local-part 'postmaster' and the 'HELO' identity (which might or might not have been checked separately before)."
    if (identity == Identity::helo || client.sender.empty()) {
        return {.local = "postmaster", .domain = client.helo};
    }
    const auto at = client.sender.rfind('@');
    if (at == std::string::npos) {
        return {.local = "postmaster", .domain = client.sender};
    }
    std::string local = unquote(std::string_view(client.sender).substr(0, at));
    // RFC 7208 4.3: "If the <sender> has no local-part, substitute the string 'postmaster' for the local-part."
    return {.local = local.empty() ? "postmaster" : std::move(local),
            .domain = client.sender.substr(at + 1)};
}

}  // namespace

std::string_view to_string(Identity identity) {
    return identity == Identity::helo ? "helo" : "mailfrom";
}

Check::Check(Client client, Identity identity, const Limits& limits)
    : client_(std::move(client)), limits_(limits) {
    Parts parts = split(client_, identity);
    begun_.identity = identity;
    local_ = std::move(parts.local);
    sender_domain_ = std::move(parts.domain);
    // RFC 7208 4.3: "If the <domain> is malformed (e.g., label longer than 63 characters, zero-length label not at the end, etc.) or is not
    // a multi-label domain name, or if the DNS lookup returns 'Name Error' (RCODE 3, also known as 'NXDOMAIN' [RFC2308]), check_host()
    // immediately returns the result 'none'."
    const auto domain = DomainName::parse(sender_domain_);
    if (domain && domain->ascii().contains('.') && !Ip::parse(sender_domain_)) {
        sender_domain_ = begun_.domain = domain->ascii();
    } else {
        begun_.reason = "\"" + make_printable(sender_domain_) + "\" is no domain that has a record";
    }
    begun_.sender = local_ + "@" + sender_domain_;
}

std::variant<CheckResult, Check::Questions> Check::evaluate(
    std::span<const dns::DnsAnswer> answers) const {
    CheckResult result = begun_;
    if (result.domain.empty()) {
        return result;
    }
    Walk walk(answers,
              limits_,
              {.client = client_.ip,
               .local = local_,
               .sender = sender_domain_,
               .domain = {},
               .helo = client_.helo,
               .validated = {},
               .receiver = client_.receiver,
               .seconds = to_unix(client_.now)},
              result);
    if (!walk.run(result.domain)) {
        return walk.take_questions();
    }
    return result;
}

}  // namespace bulla::spf

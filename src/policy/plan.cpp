#include "policy/plan.h"

#include <fmt/format.h>
#include <utility>

namespace bulla::policy {

std::vector<DomainName> key_directories(const DomainName* sender,
                                        const std::optional<DomainName>& me) {
    std::vector<DomainName> all;
    visit_key_directories(sender, me, [&all](std::string_view name) {
        if (auto domain = DomainName::parse(name)) {
            all.push_back(*std::move(domain));
        }
        return false;
    });
    return all;
}

const DomainName& signing_domain(const Entry& entry, const DomainName& directory) {
    return entry.sdid ? *entry.sdid : directory;
}

std::optional<std::string> decide_identity(const Entry& entry,
                                           std::string_view sender,
                                           const DomainName& domain,
                                           std::string& left_out) {
    if (entry.identity_kind == IdentityKind::none) {
        return std::nullopt;
    }
    const std::string_view wanted =
        entry.identity_kind == IdentityKind::sender ? sender : std::string_view(entry.identity);
    const std::size_t at = wanted.rfind('@');
    const auto within = at == std::string_view::npos
                            ? Result<DomainName>(fail("domain.bad", Fault::us, ""))
                            : DomainName::parse(wanted.substr(at + 1));
    // RFC 6376 3.5: "The domain part of the address MUST be the same as, or a subdomain of, the value of the 'd=' tag."
    if (!within || !within->is_within(domain)) {
        left_out =
            wanted.empty()
                ? std::string("there is no sender to name as i=")
                : fmt::format("i={} is left out: it is not within d={}", wanted, domain.ascii());
        return std::nullopt;
    }
    return std::string(wanted);
}

dkim::SignOptions make_sign_options(const Entry& entry,
                                    const PlannedSignature& signature,
                                    const DomainName& directory,
                                    std::string_view sender,
                                    std::shared_ptr<const crypto::Signer> key,
                                    Time now,
                                    std::string& left_out) {
    const DomainName& domain = signing_domain(entry, directory);
    return {.domain = domain,
            .selector = signature.selector,
            .key = std::move(key),
            .canon = entry.canon,
            .time = now,
            .expire_after = entry.expire_after,
            .with_body_length = entry.with_body_length,
            .identity = decide_identity(entry, sender, domain, left_out)};
}

std::string explain(const Entry* entry, const DomainName* sender) {
    const std::string who = sender == nullptr ? "mail without a sender" : sender->unicode();
    if (entry == nullptr) {
        return fmt::format("no line of dkimdomains is for {}: it is not signed", who);
    }
    switch (entry->kind) {
        case EntryKind::never:
            return fmt::format("line {} says that {} is never signed", entry->line, who);
        case EntryKind::exact:
            return fmt::format("line {} is for {}", entry->line, who);
        case EntryKind::parent:
            return fmt::format("line {} is for all below a parent of {}, the nearest that has one",
                               entry->line,
                               who);
        case EntryKind::rcpthosts:
            return fmt::format(
                "line {} (=:) is for our own domains, and {} is one", entry->line, who);
        case EntryKind::all:
            return fmt::format("line {} (*:) is for all mail that no other line is for",
                               entry->line);
    }
    std::unreachable();
}

}  // namespace bulla::policy

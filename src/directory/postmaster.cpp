#include "directory/postmaster.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace bulla::directory {

std::optional<Mailbox> find_postmaster(const Snapshot& snapshot) {
    std::string_view domain = snapshot.config.hostname;
    while (!domain.empty()) {
        const auto name = DomainName::parse(domain);
        if (name && snapshot.is_local(*name)) {
            break;
        }
        const std::size_t dot = domain.find('.');
        domain = dot == std::string_view::npos ? std::string_view{} : domain.substr(dot + 1);
    }
    if (domain.empty() && !snapshot.domains.empty()) {
        domain = std::ranges::min_element(snapshot.domains, {}, [](const auto& item) {
                     return std::string_view(item.first);
                 })->first;
    }
    auto mailbox = Mailbox::parse("postmaster@" + std::string(domain));
    return mailbox ? std::optional(*std::move(mailbox)) : std::nullopt;
}

}  // namespace bulla::directory

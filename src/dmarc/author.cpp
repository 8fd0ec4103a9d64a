#include "dmarc/author.h"

#include "mail/address.h"

#include <algorithm>

namespace bulla::dmarc {

Authors find_authors(const mail::Message& message) {
    Authors authors;
    const std::size_t fields = message.count("From");
    authors.several_fields = fields > 1;
    const auto addresses = mail::addresses(message, "From");
    if (!addresses) {
        authors.problem = "the From field cannot be read: " + addresses.error().text;
        return authors;
    }
    for (const mail::Address& address : *addresses) {
        const DomainName& domain = address.mailbox.domain();
        if (std::ranges::find(authors.domains, domain) != authors.domains.end()) {
            continue;
        }
        if (authors.domains.size() == most_author_domains) {
            authors.domains.clear();
            authors.problem = "the From field names too many domains";
            return authors;
        }
        authors.domains.push_back(domain);
    }
    if (authors.domains.empty()) {
        authors.problem = fields == 0 ? "the message has no From field" : "the From field is empty";
    }
    return authors;
}

}  // namespace bulla::dmarc

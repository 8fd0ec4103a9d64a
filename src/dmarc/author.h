#pragma once
#include "mail/message.h"
#include "names/domain.h"

#include <cstddef>
#include <string>
#include <vector>

namespace bulla::dmarc {

/// More domains of authors than this are not judged.
inline constexpr std::size_t most_author_domains = 4;

/// Whose mail a message claims to be (RFC 9989 5.3.1).
struct Authors {
    std::vector<DomainName> domains =
        {};                    ///< Of all From fields, each once; as many as one message may have.
    std::string problem = {};  ///< Why there are none; one sentence for people.
    bool several_fields =
        false;  ///< The message has more than the one From field that RFC 5322 3.6 allows.
};

/// The domains in the From fields of `message`. One that cannot be read spoils all: who reads mail may take any part of it for the author.
[[nodiscard]] Authors find_authors(const mail::Message& message);

}  // namespace bulla::dmarc

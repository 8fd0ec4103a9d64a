#pragma once
#include "base/clock.h"
#include "mail/message.h"
#include "policy/dkimdomains.h"
#include "policy/host_list.h"
#include "qmail/machine.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::qmail {

/// What qmail's control directory says about signing.
struct Control {
    policy::DkimDomains domains;
    policy::HostList rcpthosts;
    std::optional<DomainName> me;
};

/// Reads control/dkimdomains, control/rcpthosts and control/me. nullopt: there is no dkimdomains. Errors: policy.bad with file, line and
/// column, those of the machine.
[[nodiscard]] Result<std::optional<Control>> load_control(Machine& machine);

/// An entry with the sender that it was found for.
struct Decision {
    const policy::Entry* entry = nullptr;  ///< Null: no signature.
    std::optional<DomainName> domain;  ///< Of the envelope sender; nullopt: none that is a domain.
    std::string sender;                ///< As qmail-remote gets it; empty for notices ("#@[]" too).
};

[[nodiscard]] Decision decide(const Control& control, std::string_view sender);

/// What came of signing.
struct Signed {
    std::string fields;  ///< DKIM-Signature fields with CRLF; empty: it goes out unsigned.
    std::vector<std::string> missed;  ///< For the log: why a signature was not made.
};

/// Signs `message` (CRLF) as `decision` says. A key that cannot be used, and a signature that does not verify, are missed; the others are made.
[[nodiscard]] Signed sign(Machine& machine,
                          const Control& control,
                          const Decision& decision,
                          const mail::Message& message,
                          Time now);

}  // namespace bulla::qmail

#pragma once
#include "base/clock.h"
#include "crypto/key.h"
#include "dkim/sign.h"
#include "names/domain.h"
#include "names/mailbox.h"
#include "policy/dkimdomains.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::policy {

/// Calls `visit` with the names of the directories whose key may sign mail of `sender`, in the order in which they are tried, until it
/// returns true: the sending domain's, those of its parents, the nearest first, and that of `me`, the name of the mail server. Null for
/// `sender`: `me` alone. Parents of one label are left out. Each name is as in DomainName::ascii(). Makes no string.
template <class Visit>
void visit_key_directories(const DomainName* sender,
                           const std::optional<DomainName>& me,
                           Visit visit) {
    if (sender != nullptr) {
        if (visit(std::string_view(sender->ascii()))) {
            return;
        }
        for (std::string_view parent = sender->parent(); parent.contains('.');
             parent.remove_prefix(parent.find('.') + 1)) {
            if (visit(parent)) {
                return;
            }
        }
    }
    if (me && (sender == nullptr || *sender != *me)) {
        visit(std::string_view(me->ascii()));
    }
}

/// Those names as a list.
[[nodiscard]] std::vector<DomainName> key_directories(const DomainName* sender,
                                                      const std::optional<DomainName>& me);

/// d= of a signature of `entry` with the key of `directory`.
[[nodiscard]] const DomainName& signing_domain(const Entry& entry, const DomainName& directory);

/// i= of such a signature for mail of `sender` (as Mailbox::text(); empty: the empty reverse-path). Nothing if the entry asks for none, or if
/// it is not within `domain` (RFC 6376 3.5), which `left_out` then says in words.
[[nodiscard]] std::optional<std::string> decide_identity(const Entry& entry,
                                                         std::string_view sender,
                                                         const DomainName& domain,
                                                         std::string& left_out);

/// How to sign with `key`, of the directory `directory`, as `signature` of `entry` says. `left_out` as above.
[[nodiscard]] dkim::SignOptions make_sign_options(const Entry& entry,
                                                  const PlannedSignature& signature,
                                                  const DomainName& directory,
                                                  std::string_view sender,
                                                  std::shared_ptr<const crypto::Signer> key,
                                                  Time now,
                                                  std::string& left_out);

/// Why mail of `sender` is signed so, in one sentence; `entry` and `sender` may be null.
[[nodiscard]] std::string explain(const Entry* entry, const DomainName* sender);

}  // namespace bulla::policy

#pragma once
#include "base/error.h"
#include "names/domain.h"

#include <compare>
#include <string>
#include <string_view>

namespace bulla {

/// An address local-part@domain (RFC 5321 4.1.2, RFC 6531 3.3 for UTF-8 local parts). The local part is kept as it came, unquoted;
/// it is compared exactly, except that bulla's own accounts are looked up by key().
class Mailbox {
  public:
    /// Reads an addr-spec or RFC 5321 Mailbox: dot-string or quoted-string local part (at most 64 octets) and a domain.
    /// Address literals ([192.0.2.1]) are refused. Error: mailbox.bad.
    [[nodiscard]] static Result<Mailbox> parse(std::string_view text);

    [[nodiscard]] const std::string& local() const { return local_; }

    [[nodiscard]] const DomainName& domain() const { return domain_; }

    /// The address as it is written in SMTP: local part quoted where it must be.
    [[nodiscard]] std::string text() const;
    /// The key that local accounts are found by: ASCII letters of the local part in lower case.
    [[nodiscard]] std::string key() const;
    /// True if the local part needs SMTPUTF8 (RFC 6531).
    [[nodiscard]] bool needs_utf8() const;

    auto operator<=>(const Mailbox&) const = default;

  private:
    Mailbox(std::string local, DomainName domain)
        : local_(std::move(local)), domain_(std::move(domain)) {}

    std::string local_;
    DomainName domain_;
};

/// The reverse-path (RFC 5321 4.1.2): a mailbox, or empty for notifications ("<>").
using ReversePath = std::string;

}  // namespace bulla

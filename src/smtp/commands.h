#pragma once
#include "mail/envelope.h"
#include "smtp/reply.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::smtp {

enum class Verb {
    unknown,
    helo,
    ehlo,
    mail,
    rcpt,
    data,
    bdat,
    rset,
    noop,
    vrfy,
    expn,
    help,
    quit,
    starttls,
    auth,
    xforward,
    xclient,
    foreign
};

/// A command line split at the first space. `foreign` is a verb of another protocol (such as GET), which tells of a confused or abused client.
struct Command {
    Verb verb = Verb::unknown;
    std::string_view argument;  ///< Without spaces at either end; points into the line.
};

/// Splits `line`, which has no line end. Verbs in any letter case (RFC 5321 2.4).
[[nodiscard]] Command parse_command(std::string_view line);

/// What MAIL says (RFC 5321 4.1.1.2 with the parameters of RFC 1870, 6152, 6531, 3461, 4954).
struct MailCommand {
    std::optional<Mailbox> from;        ///< nullopt is "<>".
    std::optional<std::uint64_t> size;  ///< SIZE= in octets.
    bool eight_bit = false;
    bool smtputf8 = false;
    std::string ret;
    std::string envid;
};

/// Reads the argument of MAIL ("FROM:<a@b> SIZE=1"). Refusals: 501 syntax, 553 bad address, 555 unknown parameter.
[[nodiscard]] Answer<MailCommand> parse_mail(std::string_view argument);

/// What decides how RCPT is read.
struct RcptRules {
    bool smtputf8 = false;  ///< MAIL had SMTPUTF8.
    std::optional<Mailbox>
        postmaster;  ///< Whom "<Postmaster>" without a domain means (RFC 5321 4.5.1); nullopt: refused.
};

/// Reads the argument of RCPT ("TO:<a@b> NOTIFY=NEVER"). A source route is ignored (RFC 5321 3.6.1). Refusals as parse_mail.
[[nodiscard]] Answer<mail::Recipient> parse_rcpt(std::string_view argument, const RcptRules& rules);

/// What BDAT says (RFC 3030 2).
struct BdatCommand {
    std::uint64_t size = 0;  ///< Octets that follow the line.
    bool last = false;
};

/// Reads the argument of BDAT ("1000 LAST"). Refusal: 501; what follows on the connection can then not be told from commands.
[[nodiscard]] Answer<BdatCommand> parse_bdat(std::string_view argument);

/// Checks the argument of HELO or EHLO: printable ASCII without spaces, at most 255 octets. RFC 5321 4.1.4 forbids refusing a name for being
/// wrong, so it need not be a domain. Refusal: 501.
[[nodiscard]] Answer<std::string> parse_helo(std::string_view argument);

}  // namespace bulla::smtp

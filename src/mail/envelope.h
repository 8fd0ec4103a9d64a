#pragma once
#include "names/ip.h"
#include "names/mailbox.h"

#include <optional>
#include <string>
#include <vector>

namespace bulla::mail {

/// What a listener is for (RFC 5598; DESIGN: roles).
enum class Role { submission, relay, inbound, filter };

[[nodiscard]] std::string_view to_string(Role role);

/// DSN parameters of a recipient (RFC 3461 4.1, 4.2), kept as they came, still xtext.
struct RecipientDsn {
    std::string notify;  ///< "NEVER" or a list of SUCCESS, FAILURE, DELAY; empty: not given.
    std::string orcpt;   ///< "rfc822;xtext"; empty: not given.
};

struct Recipient {
    Mailbox mailbox;
    RecipientDsn dsn;
};

/// What SMTP said about a message, apart from its bytes (RFC 5598 3.1, RFC 5321 2.3.1).
struct Envelope {
    Role role = Role::inbound;
    Ip client;                ///< Who connected, or who XFORWARD, XCLIENT or PROXY says did.
    std::string client_name;  ///< Verified reverse name; empty if unknown.
    std::string helo;
    std::string
        protocol;  ///< RFC 3848 keyword: SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA, with UTF8 prefix forms of RFC 6531.
    bool tls = false;
    std::string tls_summary;  ///< Such as "TLSv1.3 TLS_AES_256_GCM_SHA384"; empty without TLS.
    std::optional<std::string> login;  ///< The account (Mailbox::key) that authenticated.
    bool trusted_network = false;      ///< The client is in a trusted network of the relay role.
    std::optional<Mailbox> from;       ///< Reverse-path; nullopt is "<>".
    std::vector<Recipient> recipients;
    bool eight_bit = false;  ///< BODY=8BITMIME was given (RFC 6152).
    bool smtputf8 = false;   ///< SMTPUTF8 was given (RFC 6531).
    std::string ret;         ///< RET of RFC 3461: FULL, HDRS or empty.
    std::string envid;       ///< ENVID of RFC 3461, still xtext; empty: not given.
    std::string mta_id;      ///< The queue id of the mail server whose filter we are; else empty.
};

}  // namespace bulla::mail

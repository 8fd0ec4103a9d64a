#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "cli/command.h"
#include "crypto/key.h"
#include "dns/answer.h"
#include "mail/message.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Input and output of the DKIM and ARC tools.

namespace bulla::cli {

/// A message as it came, and as SMTP would carry it.
struct InputMessage {
    std::string bytes;
    mail::Message message;     ///< With every LF that came alone as CRLF.
    bool has_lf_ends = false;  ///< The first line ends with LF alone.
};

/// Reads standard input, at most 256 MiB. Errors: input.too_large, input.unreadable, those of Message::parse.
[[nodiscard]] Result<InputMessage> read_message(Context& context);

/// `text` with LF for every CRLF.
[[nodiscard]] std::string without_cr(std::string_view text);

/// `rfc3339`, or the present moment if it is empty. Error: date.bad.
[[nodiscard]] Result<Time> time_or_now(const Context& context, std::string_view rfc3339);

/// Writes `content` into a new file that only the owner can read (0600). Errors: file.exists, file.unwritable.
[[nodiscard]] Result<void> save_new_secret_file(const std::string& path,
                                                const SecretBytes& content);

/// A private key file; if others can read it, a warning goes to the error stream. Errors as crypto::load_private_key.
[[nodiscard]] Result<std::shared_ptr<crypto::PrivateKey>> load_signing_key(Context& context,
                                                                           const std::string& path);

/// The public key of a file that holds a public or a private key. Errors as crypto::load_private_key.
[[nodiscard]] Result<crypto::PublicKey> load_either_key(Context& context, const std::string& path);

/// Adds --resolver, for ask_dns().
void add_resolver_option(CLI::App& command, std::string& resolver);

/// Asks `resolver` (IP:PORT; empty: the system's) the questions one after the other. Errors: endpoint.bad, net.resolver.
[[nodiscard]] Result<std::vector<dns::DnsAnswer>> ask_dns(
    const std::string& resolver, std::span<const dns::DnsQuestion> questions);

}  // namespace bulla::cli

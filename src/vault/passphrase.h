#pragma once
#include "base/error.h"
#include "base/secret.h"

#include <string>

namespace bulla::vault {

/// Where the volume passphrase comes from. The first that is named is used; the others are not tried when it fails.
struct PassphraseSource {
    std::string credential =
        "bulla-passphrase";  ///< A systemd credential ($CREDENTIALS_DIRECTORY/name), when the service has it.
    std::string file = {};  ///< A file that only its owner can reach (mode 0600 or 0400).
    bool prompt = true;     ///< Ask on the terminal.
};

/// The passphrase, without the line end that an editor leaves. 1 to 1024 octets.
/// Errors: vault.no_passphrase, vault.bad_passphrase, file.* of load_secret_file.
[[nodiscard]] Result<SecretBytes> load_passphrase(const PassphraseSource& source);

/// Asks on the controlling terminal, without echo. Errors: vault.no_passphrase (no terminal), vault.bad_passphrase.
[[nodiscard]] Result<SecretBytes> prompt_passphrase(const std::string& question);

/// Keeps the process's memory out of core dumps and away from other processes of the same user. Call before a key is in memory; false if
/// the kernel refused.
[[nodiscard]] bool forbid_dumps();

}  // namespace bulla::vault

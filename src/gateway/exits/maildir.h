#pragma once
#include "base/error.h"
#include "names/mailbox.h"

#include <span>
#include <string>
#include <string_view>

namespace bulla::gateway {

/// The directory of a mailbox: `pattern` with {domain} and {local} replaced. Octets of the local part that could mean something to a file
/// system, and a dot at the beginning, are written as %XX, so that no address leaves its place. The local part's ASCII letters are taken
/// in lower case, as accounts are. Error: exit.bad_recipient (the name would be too long for a file system).
[[nodiscard]] Result<std::string> maildir_path(std::string_view pattern, const Mailbox& mailbox);

/// Stores a message in the Maildir at `path` (made with 0700 where missing): written to tmp, synced, renamed to new, the directory synced.
/// `name` is the file's; storing the same name again replaces the file, so that an attempt that is made twice makes no second mail.
/// `pieces` are the message with CRLF line ends; it is stored with LF, as programs that read Maildirs expect. Blocks on the disk.
/// Errors: exit.full (no space, quota), exit.maildir (anything else), with the path.
[[nodiscard]] Result<void> store_in_maildir(const std::string& path,
                                            const std::string& name,
                                            std::span<const std::string_view> pieces);

}  // namespace bulla::gateway

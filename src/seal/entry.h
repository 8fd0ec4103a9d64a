#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "names/message_id.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulla::seal {

/// What the log says of a stored message; its canonical text is the leaf (docs/formats/log.md). `commitment` is
/// SHA-256(salt || SHA-256(message)), in hexadecimal: without the salt, which dies with the message's key, it tells nothing about the text.
struct MessageEntry {
    MessageId id;
    Time time;
    std::uint64_t size = 0;  ///< Octets of the message.
    std::string commitment;
    /// The signers whose signature over the message was stored with it, each as "id fingerprint".
    std::vector<std::string> signers;
};

/// An administrative act or key use, as a leaf.
struct AuditLeaf {
    Time time;
    std::string actor, action, target, detail;
};

/// The log goes on from an older copy that was put back knowingly: its first leaf under a new name (docs/formats/log.md "Fork").
struct ForkEntry {
    Time time;
    std::string former;      ///< The log's name until here.
    std::uint64_t kept = 0;  ///< Leaves that it goes on from; also this leaf's number.
    std::string kept_root;   ///< Their root, base64.
    std::string seen_origin;
    std::uint64_t seen = 0;  ///< Leaves of the newest checkpoint that was seen.
    std::string seen_root;
    std::string actor, reason;
};

/// The one text of an entry: the same entry gives the same octets always.
[[nodiscard]] std::string write_entry(const MessageEntry& entry);
[[nodiscard]] std::string write_entry(const AuditLeaf& entry);
[[nodiscard]] std::string write_entry(const ForkEntry& entry);
/// Reads what write_entry made, strictly: parse(write(x)) == x and write(parse(y)) == y. Error: entry.bad.
[[nodiscard]] Result<MessageEntry> parse_message_entry(std::string_view text);
[[nodiscard]] Result<AuditLeaf> parse_audit_leaf(std::string_view text);
[[nodiscard]] Result<ForkEntry> parse_fork_entry(std::string_view text);

}  // namespace bulla::seal

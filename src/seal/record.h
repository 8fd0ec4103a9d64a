#pragma once
#include "base/error.h"
#include "base/random.h"
#include "base/secret.h"
#include "names/message_id.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bulla::seal {

/// Where a record lies: volume, pack file number, offset and length of the record in it, slot number in the pack's key file.
struct Address {
    std::string volume = {};
    std::int64_t pack = 0;
    std::int64_t offset = 0;
    std::int64_t length = 0;
    std::int64_t slot = 0;
};

/// What a record holds (docs/formats/pack.md).
enum class RecordKind : std::uint8_t { received = 1, copy = 2, opened = 3 };

/// Bytes on their way into a pack: compressed (zstd) and sealed (AES-256-GCM under a key of their own) already, only the place is open.
/// Made by prepare_record in any thread; used once.
struct PreparedRecord {
    MessageId message;
    RecordKind kind = RecordKind::received;
    std::string bytes = {};  ///< header | nonce | ciphertext | tag
    SecretBytes key = {};    ///< 32 octets; wrapped into the slot at commit
    std::uint64_t plain_size = 0;
    /// Set if the record is in its pack and synced already (a large one: Sealer::prepare); then `bytes` is empty.
    std::optional<Address> placed = {};
};

/// The salt of a message's commitment: derived from its record key, so that it dies with it.
[[nodiscard]] std::string commitment_salt(const SecretBytes& key);
/// SHA-256(salt || SHA-256(message)) in hexadecimal: hiding and binding as a hash of both would be, but the message is hashed once for all
/// that sign and commit to it.
[[nodiscard]] std::string make_commitment(std::string_view salt, std::string_view message);
/// The same where SHA-256(message), 32 octets, is known already (crypto::Signer::sign_digest takes it too).
[[nodiscard]] std::string make_commitment_of_digest(std::string_view salt, std::string_view digest);

/// Compresses and seals `plain`. `key` and nonce come from `random`. May be called from any thread; costs about 12 ns an octet.
[[nodiscard]] PreparedRecord prepare_record(MessageId message,
                                            RecordKind kind,
                                            std::string_view plain,
                                            Random& random);

}  // namespace bulla::seal

#pragma once
#include "base/error.h"
#include "base/secret.h"
#include "names/message_id.h"
#include "seal/record.h"

#include <cstdint>
#include <string>
#include <string_view>

/// The octets of packs and key files, as docs/formats/pack.md has them. Pure: no files here.
namespace bulla::seal {

inline constexpr std::size_t file_header_size = 128;
inline constexpr std::size_t record_header_size = 40;
inline constexpr std::size_t record_bound_size =
    24;  ///< So many octets of the record header are associated data.
inline constexpr std::size_t record_overhead = record_header_size + 12 + 16;
inline constexpr std::size_t slot_size = 64;
inline constexpr std::size_t max_volume_name = 64;

enum class FileKind : std::uint8_t { pack, keys };

/// Which pack: its volume and number.
struct PackName {
    std::string volume;
    std::int64_t number = 0;
};

[[nodiscard]] std::string write_file_header(FileKind kind, const PackName& name);
/// Error: pack.bad_header (with what is wrong).
[[nodiscard]] Result<void> check_file_header(std::string_view bytes,
                                             FileKind kind,
                                             const PackName& name);

struct RecordHeader {
    RecordKind kind = RecordKind::received;
    bool compressed = false;
    MessageId message;
    std::uint64_t plain_size = 0;
    std::uint64_t length = 0;  ///< Of the whole record.
};

/// The 40 octets of a record header.
[[nodiscard]] std::string write_record_header(const RecordHeader& header);
/// Reads a record header strictly. Error: pack.bad_header.
[[nodiscard]] Result<RecordHeader> parse_record_header(std::string_view bytes);

/// Opens a whole record with its key; `record` is used up (decrypted in place). At most `max_plain` octets come out.
/// Errors: pack.bad_header, pack.tampered, pack.bad_compression, pack.too_large.
[[nodiscard]] Result<std::string> open_record(std::string record,
                                              const SecretBytes& key,
                                              std::uint64_t max_plain);

/// The key that wraps the record keys of one pack, from the vault's key of the label "volumes".
[[nodiscard]] SecretBytes make_pack_key(std::string_view volumes_key, const PackName& name);

/// Appends the 64 octets of slot `slot`. `nonce`: 12 fresh random octets.
void write_slot(std::string& out,
                const SecretBytes& pack_key,
                const PackName& name,
                std::int64_t slot,
                std::string_view record_key,
                std::string_view nonce);
/// Reads the record key from a slot's octets. Errors: pack.shredded, pack.bad_slot.
[[nodiscard]] Result<SecretBytes> read_slot(std::string_view bytes,
                                            const SecretBytes& pack_key,
                                            const PackName& name,
                                            std::int64_t slot);

inline std::int64_t slot_offset(std::int64_t slot) {
    return static_cast<std::int64_t>(file_header_size) +
           slot * static_cast<std::int64_t>(slot_size);
}

}  // namespace bulla::seal

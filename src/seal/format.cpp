#include "seal/format.h"

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/aead_stream.h"
#include "crypto/digest.h"
#include "seal/compress.h"

namespace bulla::seal {
namespace {

constexpr std::uint16_t file_version = 1;
constexpr std::string_view record_magic = "BREC";
constexpr char record_version = 1;
constexpr char flag_compressed = 1;
constexpr std::string_view zeros{
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    64};
constexpr std::string_view slot_start{"\1\0\0\0", 4};

std::unexpected<Error> bad_header(std::string text) {
    return fail("pack.bad_header", Fault::us, std::move(text));
}

std::string slot_identity(const PackName& name, std::int64_t slot) {
    return "bulla/slot/v1/" + name.volume + "/" + std::to_string(name.number) + "/" +
           std::to_string(slot);
}

}  // namespace

std::string write_file_header(FileKind kind, const PackName& name) {
    std::string out(kind == FileKind::pack ? "BULLAPAK" : "BULLAKEY");
    put_u16(out, file_version);
    put_u16(out, file_header_size);
    put_u32(out, kind == FileKind::pack ? 0 : slot_size);
    put_u64(out, static_cast<std::uint64_t>(name.number));
    out.append(name.volume, 0, max_volume_name);
    out.resize(file_header_size - 4, '\0');
    put_u32(out, crc32c(out));
    return out;
}

Result<void> check_file_header(std::string_view bytes, FileKind kind, const PackName& name) {
    if (bytes.size() < file_header_size) {
        return bad_header("the file is shorter than its header");
    }
    const auto header = bytes.substr(0, file_header_size);
    if (crc32c(header.substr(0, file_header_size - 4)) !=
        get_u32(header.substr(file_header_size - 4))) {
        return bad_header("the checksum of the file header is wrong");
    }
    if (header != write_file_header(kind, name)) {
        return bad_header("the file header is of another version, volume or pack");
    }
    return {};
}

std::string write_record_header(const RecordHeader& header) {
    std::string out(record_magic);
    out.push_back(record_version);
    out.push_back(static_cast<char>(header.kind));
    out.push_back(header.compressed ? flag_compressed : '\0');
    out.push_back('\0');
    put_u64(out, static_cast<std::uint64_t>(header.message.number()));
    put_u64(out, header.plain_size);
    put_u64(out, header.length);
    put_u32(out, 0);
    put_u32(out, crc32c(out));
    return out;
}

Result<RecordHeader> parse_record_header(std::string_view bytes) {
    if (bytes.size() < record_header_size) {
        return bad_header("the record is shorter than its header");
    }
    const auto octets = bytes.substr(0, record_header_size);
    if (!octets.starts_with(record_magic) || octets[4] != record_version) {
        return bad_header("no record of a known version begins here");
    }
    if (crc32c(octets.substr(0, 36)) != get_u32(octets.substr(36))) {
        return bad_header("the checksum of the record header is wrong");
    }
    const auto kind = static_cast<unsigned char>(octets[5]);
    if (kind < 1 || kind > 3 || (octets[6] & ~flag_compressed) != 0 || octets[7] != 0 ||
        get_u32(octets.substr(32)) != 0) {
        return bad_header("the record header holds values that this version does not know");
    }
    RecordHeader header;
    header.kind = static_cast<RecordKind>(kind);
    header.compressed = octets[6] == flag_compressed;
    header.message = MessageId(static_cast<std::int64_t>(get_u64(octets.substr(8))));
    header.plain_size = get_u64(octets.substr(16));
    header.length = get_u64(octets.substr(24));
    if (header.length < record_overhead) {
        return bad_header("the record header gives a length that no record has");
    }
    return header;
}

Result<std::string> open_record(std::string record,
                                const SecretBytes& key,
                                std::uint64_t max_plain) {
    BULLA_TRY(header, parse_record_header(record));
    if (header.length != record.size()) {
        return bad_header("the record's length is not the one that the database gives");
    }
    if (header.plain_size > max_plain) {
        return fail("pack.too_large",
                    Fault::us,
                    "the record holds " + std::to_string(header.plain_size) +
                        " octets, more than may be read");
    }
    const auto bound = record.substr(0, record_bound_size);
    const auto nonce = record.substr(record_header_size, crypto::aead_nonce_size);
    record.erase(0, record_header_size + crypto::aead_nonce_size);
    if (!crypto::aead_open_in_place(record, key.view(), nonce, bound)) {
        return fail(
            "pack.tampered",
            Fault::us,
            "the record was changed since it was sealed, or is not the one that its place says");
    }
    if (header.compressed) {
        return decompress(record, header.plain_size);
    }
    if (record.size() != header.plain_size) {
        return fail("pack.bad_compression",
                    Fault::us,
                    "the record does not hold as many octets as it says");
    }
    return record;
}

SecretBytes make_pack_key(std::string_view volumes_key, const PackName& name) {
    return SecretBytes(
        crypto::hkdf_sha256(volumes_key,
                            {},
                            "bulla/pack/v1/" + name.volume + "/" + std::to_string(name.number),
                            crypto::aead_key_size));
}

void write_slot(std::string& out,
                const SecretBytes& pack_key,
                const PackName& name,
                std::int64_t slot,
                std::string_view record_key,
                std::string_view nonce) {
    out.append(slot_start).append(nonce);
    crypto::aead_seal(out, pack_key.view(), nonce, record_key, slot_identity(name, slot));
}

Result<SecretBytes> read_slot(std::string_view bytes,
                              const SecretBytes& pack_key,
                              const PackName& name,
                              std::int64_t slot) {
    if (bytes == zeros) {
        return fail("pack.shredded", Fault::us, "the key of this record was destroyed");
    }
    if (bytes.size() != slot_size || !bytes.starts_with(slot_start)) {
        return fail(
            "pack.bad_slot", Fault::us, "the key slot of this record is damaged or missing");
    }
    auto key = crypto::aead_open(pack_key.view(),
                                 bytes.substr(4, crypto::aead_nonce_size),
                                 bytes.substr(16),
                                 slot_identity(name, slot));
    if (!key) {
        return fail("pack.bad_slot",
                    Fault::us,
                    "the key slot of this record was changed, or is that of another record");
    }
    return SecretBytes(std::move(*key));
}

}  // namespace bulla::seal

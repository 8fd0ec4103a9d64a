// folders: seal
// Headers of files and records, key slots, and a whole record that someone with the key made: hostile in any case, they come from disk.
#include "base/encoding.h"
#include "crypto/aead_stream.h"
#include "seal/entry.h"
#include "seal/format.h"

#include "target.h"

#include <cstdlib>
#include <string_view>

namespace crypto = bulla::crypto;
namespace seal = bulla::seal;

namespace {

constexpr std::uint64_t max_plain = 1U << 20U;
const std::string key(32, 'k');

void open_as_it_is(std::string_view input) {
    const auto header = seal::parse_record_header(input);
    if (header && seal::write_record_header(*header) != input.substr(0, seal::record_header_size)) {
        std::abort();
    }
    if (seal::open_record(std::string(input), bulla::SecretBytes(key), max_plain)) {
        std::abort();  // a forgery
    }
}

/// The input as the compressed body of a record with a right tag: what is left to trust is only the frame.
void open_sealed(std::string_view input) {
    if (input.size() < 9) {
        return;
    }
    seal::RecordHeader header{.compressed = true,
                              .message = bulla::MessageId(1),
                              .plain_size = bulla::get_u64(input) % (2 * max_plain)};
    std::string record(input.substr(8));
    const std::string nonce(12, 'n');
    crypto::AeadStream cipher(
        key, nonce, seal::write_record_header(header).substr(0, seal::record_bound_size));
    cipher.update(record.data(), record.size());
    const auto tag = cipher.finish();
    header.length = record.size() + seal::record_overhead;
    record =
        seal::write_record_header(header) + nonce + record + std::string(tag.data(), tag.size());
    const auto plain = seal::open_record(record, bulla::SecretBytes(key), max_plain);
    if (plain && (plain->size() != header.plain_size || plain->size() > max_plain)) {
        std::abort();
    }
}

}  // namespace

extern "C" int run_fuzz_target(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const seal::PackName name{.volume = "main", .number = 1};
    (void)seal::check_file_header(input, seal::FileKind::pack, name);
    if (seal::read_slot(input, bulla::SecretBytes(key), name, 0)) {
        std::abort();
    }
    open_as_it_is(input);
    open_sealed(input);
    if (const auto entry = seal::parse_message_entry(input);
        entry && seal::write_entry(*entry) != input) {
        std::abort();
    }
    if (const auto leaf = seal::parse_audit_leaf(input);
        leaf && seal::write_entry(*leaf) != input) {
        std::abort();
    }
    return 0;
}

#include "crypto/aead_stream.h"
#include "seal/compress.h"
#include "seal/packs.h"

namespace bulla::seal {
namespace {

/// Writes the sealed body behind the place of the record's head and gives the length of the whole record. The head comes last: only then is
/// the length known.
Result<std::uint64_t> write_body(Pack& pack, crypto::AeadStream& cipher, std::string_view plain) {
    const auto start =
        pack.end() + static_cast<std::int64_t>(record_header_size + crypto::aead_nonce_size);
    auto offset = start;
    const auto put = [&](std::string_view bytes) -> Result<void> {
        BULLA_CHECK(pack.write({&bytes, 1}, offset));
        offset += static_cast<std::int64_t>(bytes.size());
        return {};
    };
    BULLA_CHECK(compress_pieces(plain, [&](std::string& piece) -> Result<void> {
        cipher.update(piece.data(), piece.size());
        return put(piece);
    }));
    const auto tag = cipher.finish();
    BULLA_CHECK(put({tag.data(), tag.size()}));
    return static_cast<std::uint64_t>(offset - start) + record_header_size +
           crypto::aead_nonce_size;
}

Result<void> place_in(Pack& pack, PreparedRecord& record, std::string_view plain, Random& random) {
    RecordHeader header{.kind = record.kind,
                        .compressed = true,
                        .message = record.message,
                        .plain_size = plain.size()};
    const auto nonce = random.bytes(crypto::aead_nonce_size);
    crypto::AeadStream cipher(
        record.key.view(), nonce, write_record_header(header).substr(0, record_bound_size));
    BULLA_TRY(length, write_body(pack, cipher, plain));
    header.length = length;
    record.placed = pack.reserve(length, record.key, random);
    const auto head = write_record_header(header) + nonce;
    const std::string_view piece = head;
    BULLA_CHECK(pack.write({&piece, 1}, record.placed->offset));
    BULLA_CHECK(pack.write_slots());
    BULLA_CHECK(pack.sync_pack());
    return pack.sync_keys();
}

}  // namespace

Result<std::unique_ptr<Pack>> LargePacks::take() {
    {
        const std::scoped_lock lock(mutex_);
        if (!idle_.empty()) {
            auto pack = std::move(idle_.back());
            idle_.pop_back();
            return pack;
        }
    }
    return folder_.create_pack();
}

void LargePacks::give(std::unique_ptr<Pack> pack) {
    if (static_cast<std::uint64_t>(pack->end()) < max_pack_bytes_) {
        const std::scoped_lock lock(mutex_);
        idle_.push_back(std::move(pack));
    }
}

Result<PreparedRecord> LargePacks::place(MessageId message,
                                         RecordKind kind,
                                         std::string_view plain,
                                         Random& random) {
    PreparedRecord record{.message = message,
                          .kind = kind,
                          .key = SecretBytes(random.bytes(crypto::aead_key_size)),
                          .plain_size = plain.size()};
    BULLA_TRY(pack, take());
    if (auto placed = place_in(*pack, record, plain, random); !placed) {
        folder_.abandon(std::move(pack));
        return std::unexpected(std::move(placed).error());
    }
    pack->is_named = true;
    give(std::move(pack));
    return record;
}

}  // namespace bulla::seal

#include "seal/record.h"

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/aead_stream.h"
#include "crypto/digest.h"
#include "seal/compress.h"
#include "seal/format.h"

namespace bulla::seal {
namespace {

constexpr std::string_view salt_label = "bulla commitment salt v1";

}  // namespace

std::string commitment_salt(const SecretBytes& key) {
    return std::string(crypto::view(crypto::hmac_sha256(key.view(), salt_label)));
}

std::string make_commitment(std::string_view salt, std::string_view message) {
    return make_commitment_of_digest(salt, crypto::view(crypto::sha256(message)));
}

std::string make_commitment_of_digest(std::string_view salt, std::string_view digest) {
    return hex_encode(crypto::view(crypto::sha256(std::string(salt).append(digest))));
}

PreparedRecord prepare_record(MessageId message,
                              RecordKind kind,
                              std::string_view plain,
                              Random& random) {
    PreparedRecord record{.message = message,
                          .kind = kind,
                          .key = SecretBytes(random.bytes(crypto::aead_key_size)),
                          .plain_size = plain.size()};
    auto& bytes = record.bytes;
    constexpr auto body = record_header_size + crypto::aead_nonce_size;
    bytes.reserve(plain.size() + record_overhead);
    bytes.resize(body);
    RecordHeader header{.kind = kind, .message = message, .plain_size = plain.size()};
    header.compressed = append_compressed(bytes, plain);
    header.length = bytes.size() + crypto::aead_tag_size;
    const auto nonce = random.bytes(crypto::aead_nonce_size);
    const auto head = write_record_header(header);
    bytes.replace(0, body, head + nonce);
    crypto::AeadStream cipher(
        record.key.view(), nonce, std::string_view(head).substr(0, record_bound_size));
    cipher.update(bytes.data() + body, bytes.size() - body);
    const auto tag = cipher.finish();
    bytes.append(tag.data(), tag.size());
    return record;
}

}  // namespace bulla::seal

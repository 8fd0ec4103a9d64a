#include "seal/record.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "seal/format.h"

#include <gtest/gtest.h>

namespace bulla::seal {
namespace {

std::string noise(std::size_t size) {
    SystemRandom random;
    return random.bytes(size);
}

TEST(Record, c2_8_what_goes_in_comes_out) {
    SystemRandom random;
    for (const auto& plain : {std::string(),
                              std::string("x"),
                              std::string(10'240, 'a'),
                              noise(10'240),
                              noise(300'000) + std::string(300'000, 'b')}) {
        const auto record = prepare_record(MessageId(7), RecordKind::copy, plain, random);
        EXPECT_EQ(record.plain_size, plain.size());
        EXPECT_LE(record.bytes.size(), plain.size() + record_overhead);
        const auto header = parse_record_header(record.bytes);
        ASSERT_TRUE(header.has_value());
        EXPECT_EQ(header->length, record.bytes.size());
        EXPECT_EQ(header->message, MessageId(7));
        EXPECT_EQ(header->kind, RecordKind::copy);
        EXPECT_EQ(open_record(record.bytes, record.key, 1 << 20).value(), plain);
    }
}

TEST(Record, c2_8_noise_is_stored_as_it_is_and_text_smaller) {
    SystemRandom random;
    const auto stored = prepare_record(MessageId(1), RecordKind::received, noise(5000), random);
    EXPECT_FALSE(parse_record_header(stored.bytes)->compressed);
    EXPECT_EQ(stored.bytes.size(), 5000 + record_overhead);
    EXPECT_LT(prepare_record(MessageId(1), RecordKind::received, std::string(5000, 'x'), random)
                  .bytes.size(),
              200);
}

TEST(Record, c2_11_every_changed_octet_is_found) {
    SystemRandom random;
    const auto plain = noise(200) + std::string(200, 'z');
    const auto record = prepare_record(MessageId(7), RecordKind::received, plain, random);
    for (std::size_t i = 0; i < record.bytes.size() * 8; ++i) {
        auto bad = record.bytes;
        bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
        EXPECT_FALSE(open_record(bad, record.key, 1 << 20)) << "octet " << i / 8;
    }
    EXPECT_EQ(open_record(record.bytes.substr(0, record.bytes.size() - 1), record.key, 1 << 20)
                  .error()
                  .code,
              "pack.bad_header");
}

/// A header that was changed and given a right checksum again.
std::string with_header(std::string bytes, const std::function<void(RecordHeader&)>& change) {
    auto header = parse_record_header(bytes).value();
    change(header);
    return bytes.replace(0, record_header_size, write_record_header(header));
}

TEST(Record, c2_11_a_header_of_another_record_is_found) {
    SystemRandom random;
    const auto record =
        prepare_record(MessageId(7), RecordKind::received, std::string(100, 'a'), random);
    const std::function<void(RecordHeader&)> changes[] = {
        [](auto& h) { h.message = MessageId(8); },
        [](auto& h) { h.kind = RecordKind::copy; },
        [](auto& h) { h.plain_size = 99; },
        [](auto& h) { h.compressed = false; }};
    for (const auto& change : changes) {
        EXPECT_EQ(open_record(with_header(record.bytes, change), record.key, 1 << 20).error().code,
                  "pack.tampered");
    }
    EXPECT_EQ(open_record(record.bytes, record.key, 99).error().code, "pack.too_large");
}

TEST(Record, c2_8_sealed_octets_show_nothing_and_share_no_key) {
    SystemRandom random;
    const auto plain = noise(4000);
    const auto one = prepare_record(MessageId(7), RecordKind::received, plain, random);
    const auto two = prepare_record(MessageId(7), RecordKind::received, plain, random);
    EXPECT_NE(one.key.view(), two.key.view());
    for (std::size_t i = 0; i + 16 <= plain.size(); ++i) {
        ASSERT_EQ(one.bytes.find(plain.substr(i, 16)), std::string::npos);
    }
    EXPECT_FALSE(open_record(one.bytes, two.key, 1 << 20));
}

TEST(Record, c2_10_the_commitment_needs_the_key) {
    const SecretBytes key(std::string(32, 'k'));
    const SecretBytes other(std::string(32, 'o'));
    EXPECT_NE(commitment_salt(key), commitment_salt(other));
    const std::string digest(crypto::view(crypto::sha256("message")));
    EXPECT_EQ(make_commitment("salt", "message"),
              hex_encode(crypto::view(crypto::sha256("salt" + digest))));
    EXPECT_EQ(make_commitment("salt", "message"), make_commitment_of_digest("salt", digest));
    EXPECT_NE(make_commitment("salt", "message"), make_commitment("salt", "messagf"));
    EXPECT_NE(make_commitment("salt", "message"), make_commitment("salu", "message"));
}

TEST(Slot, c2_11_a_changed_or_exchanged_slot_is_found) {
    const PackName name{.volume = "main", .number = 3};
    const auto key = make_pack_key(std::string(32, 'v'), name);
    std::string slot;
    write_slot(slot, key, name, 5, std::string(32, 'k'), std::string(12, 'n'));
    ASSERT_EQ(slot.size(), slot_size);
    EXPECT_EQ(read_slot(slot, key, name, 5)->view(), std::string(32, 'k'));
    EXPECT_EQ(read_slot(slot, key, name, 6).error().code, "pack.bad_slot");
    EXPECT_EQ(read_slot(slot, key, {.volume = "other", .number = 3}, 5).error().code,
              "pack.bad_slot");
    EXPECT_EQ(
        read_slot(
            slot, make_pack_key(std::string(32, 'v'), {.volume = "main", .number = 4}), name, 5)
            .error()
            .code,
        "pack.bad_slot");
    for (std::size_t i = 0; i < slot_size * 8; ++i) {
        auto bad = slot;
        bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
        EXPECT_EQ(read_slot(bad, key, name, 5).error().code, "pack.bad_slot");
    }
    EXPECT_EQ(read_slot(std::string(slot_size, '\0'), key, name, 5).error().code, "pack.shredded");
    EXPECT_EQ(read_slot(slot.substr(0, 63), key, name, 5).error().code, "pack.bad_slot");
    EXPECT_EQ(read_slot("", key, name, 5).error().code, "pack.bad_slot");
}

TEST(FileHeader, c2_11_every_changed_octet_is_found) {
    const PackName name{.volume = "main", .number = 3};
    const auto header = write_file_header(FileKind::pack, name);
    ASSERT_EQ(header.size(), file_header_size);
    EXPECT_TRUE(check_file_header(header, FileKind::pack, name).has_value());
    EXPECT_FALSE(check_file_header(header, FileKind::keys, name));
    EXPECT_FALSE(check_file_header(header, FileKind::pack, {.volume = "main", .number = 4}));
    EXPECT_FALSE(check_file_header(header, FileKind::pack, {.volume = "mail", .number = 3}));
    for (std::size_t i = 0; i < header.size(); ++i) {
        auto bad = header;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        EXPECT_EQ(check_file_header(bad, FileKind::pack, name).error().code, "pack.bad_header");
    }
}

}  // namespace
}  // namespace bulla::seal

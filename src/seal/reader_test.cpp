#include "seal/format.h"
#include "seal/testing.h"

#include <gtest/gtest.h>

#include <fstream>

namespace bulla::seal {
namespace {

using testing::Instance;
using testing::make_batch;

class Reader : public ::testing::Test {
  protected:
    Reader() {
        auto sealer = instance.open();
        for (int i = 0; i < 3; ++i) {
            auto batch =
                make_batch(i + 1, "text of the same length " + std::to_string(i), instance.random);
            addresses.push_back(sealer->commit(std::move(batch)).value().addresses[0]);
        }
    }

    std::string file(std::string_view ending) {
        return (instance.path() / "volumes" / "main" / "1").string().append(ending);
    }

    static std::string load(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    static void save(const std::string& path, const std::string& bytes) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    }

    std::string_view code(const Address& address,
                          int id = 1,
                          RecordKind kind = RecordKind::received) {
        const auto read = instance.reader().read(address, MessageId(id), kind);
        return read ? "" : read.error().code;
    }

    Instance instance;
    std::vector<Address> addresses;
};

TEST_F(Reader, c2_11_two_records_exchanged_are_found) {
    auto bytes = load(file(".pack"));
    const auto& [one, two] = std::pair(addresses[0], addresses[1]);
    ASSERT_EQ(one.length, two.length);
    const auto first = bytes.substr(one.offset, one.length);
    bytes.replace(one.offset, one.length, bytes.substr(two.offset, two.length));
    bytes.replace(two.offset, two.length, first);
    save(file(".pack"), bytes);
    EXPECT_EQ(code(one, 1), "pack.wrong_message");
    EXPECT_EQ(code(two, 2), "pack.wrong_message");
    EXPECT_EQ(code(one, 2), "pack.tampered")
        << "even if the rows were exchanged with them, the keys are not";
}

TEST_F(Reader, c2_11_two_slots_exchanged_are_found) {
    auto bytes = load(file(".keys"));
    const auto first = bytes.substr(slot_offset(0), slot_size);
    bytes.replace(slot_offset(0), slot_size, bytes.substr(slot_offset(1), slot_size));
    bytes.replace(slot_offset(1), slot_size, first);
    save(file(".keys"), bytes);
    EXPECT_EQ(code(addresses[0]), "pack.bad_slot");
}

TEST_F(Reader, c2_11_any_changed_octet_of_record_or_slot_is_found) {
    const auto pack = load(file(".pack"));
    for (std::int64_t i = 0; i < addresses[0].length; ++i) {
        auto bad = pack;
        bad[addresses[0].offset + i] ^= 0x10;
        save(file(".pack"), bad);
        EXPECT_NE(code(addresses[0]), "") << i;
    }
    save(file(".pack"), pack);
    const auto keys = load(file(".keys"));
    for (std::size_t i = 0; i < slot_size; ++i) {
        auto bad = keys;
        bad[slot_offset(0) + i] ^= 0x10;
        save(file(".keys"), bad);
        EXPECT_EQ(code(addresses[0]), "pack.bad_slot") << i;
    }
    save(file(".keys"), keys);
    EXPECT_EQ(code(addresses[0]), "");
}

TEST_F(Reader, c2_11_what_is_wrong_is_named) {
    EXPECT_EQ(code(addresses[0], 9), "pack.wrong_message");
    EXPECT_EQ(code(addresses[0], 1, RecordKind::copy), "pack.wrong_message");
    auto address = addresses[2];
    address.slot = 1;
    EXPECT_EQ(code(address, 3), "pack.tampered") << "another record's key";
    address.slot = 99;
    EXPECT_EQ(code(address, 3), "pack.bad_slot");
    address = addresses[2];
    address.pack = 99;
    EXPECT_EQ(code(address, 3), "pack.missing");
    address = addresses[2];
    address.volume = "../main";
    EXPECT_EQ(code(address, 3), "pack.missing");
    address = addresses[2];
    address.length += 1;
    EXPECT_EQ(code(address, 3), "pack.bad_header");
    address.length = std::int64_t{1} << 40;
    EXPECT_EQ(code(address, 3), "pack.too_large");
    address = addresses[2];
    address.offset = 1'000'000;
    EXPECT_EQ(code(address, 3), "pack.short_read");
    address.offset = -5;
    EXPECT_EQ(code(address, 3), "pack.bad_header");
    auto text = instance.reader().read(address, MessageId(3), RecordKind::received).error().text;
    EXPECT_NE(text.find("volume main, pack 1, offset -5"), std::string::npos) << text;
}

TEST_F(Reader, c2_11_a_short_file_is_found) {
    std::filesystem::resize_file(file(".pack"), addresses[2].offset + addresses[2].length - 1);
    EXPECT_EQ(code(addresses[2], 3), "pack.short_read");
    EXPECT_EQ(code(addresses[1], 2), "");
    std::filesystem::resize_file(file(".pack"), 5);
    EXPECT_EQ(code(addresses[1], 2), "pack.bad_header");
}

TEST_F(Reader, c2_11_a_limit_holds) {
    EXPECT_EQ(
        instance.reader(10).read(addresses[0], MessageId(1), RecordKind::received).error().code,
        "pack.too_large");
}

}  // namespace
}  // namespace bulla::seal

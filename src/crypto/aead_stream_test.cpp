#include "crypto/aead_stream.h"

#include "crypto/aead.h"

#include <gtest/gtest.h>

namespace bulla::crypto {
namespace {

const std::string key(aead_key_size, 'k');
const std::string nonce(aead_nonce_size, 'n');

TEST(AeadStream, pieces_give_what_one_call_gives) {
    for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 100'000U}) {
        const std::string plain(size, 'p');
        std::string whole;
        aead_seal(whole, key, nonce, plain, "place");
        auto pieces = plain;
        AeadStream stream(key, nonce, "place");
        for (std::size_t at = 0; at < size; at += 7001) {
            stream.update(pieces.data() + at, std::min<std::size_t>(7001, size - at));
        }
        const auto tag = stream.finish();
        pieces.append(tag.data(), tag.size());
        EXPECT_EQ(pieces, whole);
        EXPECT_TRUE(aead_open_in_place(pieces, key, nonce, "place").has_value());
        EXPECT_EQ(pieces, plain);
    }
}

TEST(AeadStream, two_streams_on_one_thread_do_not_mix) {
    std::string first(100, 'a');
    std::string second(100, 'b');
    AeadStream one(key, nonce, "1");
    AeadStream two(key, nonce, "2");
    one.update(first.data(), first.size());
    two.update(second.data(), second.size());
    const auto tag_two = two.finish();
    const auto tag_one = one.finish();
    first.append(tag_one.data(), tag_one.size());
    second.append(tag_two.data(), tag_two.size());
    EXPECT_TRUE(aead_open_in_place(first, key, nonce, "1").has_value());
    EXPECT_TRUE(aead_open_in_place(second, key, nonce, "2").has_value());
}

TEST(AeadStream, a_changed_bit_anywhere_releases_nothing) {
    std::string sealed;
    aead_seal(sealed, key, nonce, "sixteen octets..more", "place");
    for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
        auto bad = sealed;
        bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
        EXPECT_EQ(aead_open_in_place(bad, key, nonce, "place").error().code, "aead.bad");
        EXPECT_TRUE(bad.empty());
    }
    auto other_place = sealed;
    EXPECT_FALSE(aead_open_in_place(other_place, key, nonce, "plaice"));
    std::string too_short(15, 'x');
    EXPECT_FALSE(aead_open_in_place(too_short, key, nonce, "place"));
}

}  // namespace
}  // namespace bulla::crypto

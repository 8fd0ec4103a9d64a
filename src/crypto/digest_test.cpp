#include "crypto/digest.h"

#include "base/encoding.h"
#include "crypto/aead.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

namespace bulla::crypto {
namespace {

std::string hex(const Sha256& digest) {
    return hex_encode(view(digest));
}

std::string raw(std::string_view text) {
    return hex_decode(text).value();
}

TEST(Digest, fips180_4_sha256_vectors) {
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, stream_equals_one_run_and_is_reusable) {
    std::string text;
    for (int i = 0; i < 1000; ++i) {
        text += static_cast<char>(i * 7);
    }
    Sha256Stream stream;
    for (const std::size_t step : {1U, 3U, 64U, 1000U}) {
        for (std::size_t at = 0; at < text.size(); at += step) {
            stream.update(std::string_view(text).substr(at, step));
        }
        EXPECT_EQ(stream.finish(), sha256(text)) << step;
    }
    EXPECT_EQ(stream.finish(), sha256(""));
    Sha256Stream moved = std::move(stream);
    moved.update("abc");
    EXPECT_EQ(moved.finish(), sha256("abc"));
}

TEST(Hmac, rfc4231_4_vectors) {
    struct Case {
        std::string key;
        std::string data;
        std::string_view mac;
    };

    const Case cases[] = {
        {std::string(20, '\x0b'),
         "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe",
         "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {std::string(131, '\xaa'),
         "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        // No vector of the RFC: HMAC_SHA256("", ""), which must not reuse the key of the call before.
        {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"}};
    for (const auto& test : cases) {
        EXPECT_EQ(hex(hmac_sha256(test.key, test.data)), test.mac) << test.data;
    }
}

TEST(Hkdf, rfc5869_A_vectors) {
    EXPECT_EQ(
        hex_encode(hkdf_sha256(std::string(22, '\x0b'),
                               raw("000102030405060708090a0b0c"),
                               raw("f0f1f2f3f4f5f6f7f8f9"),
                               42)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    EXPECT_EQ(
        hex_encode(hkdf_sha256(std::string(22, '\x0b'), "", "", 42)),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    EXPECT_EQ(hkdf_sha256("k", "s", "i", 8160).size(), 8160U);
    EXPECT_THROW((void)hkdf_sha256("k", "s", "i", 8161), std::logic_error);
}

struct GcmCase {
    std::string_view key, nonce, plain, associated, sealed;
};

// The AES-256 cases 13, 14 and 16 of the GCM specification that NIST SP 800-38D cites.
constexpr GcmCase gcm_cases[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000",
     "",
     "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000",
     "00000000000000000000000000000000",
     "",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b"
     "5"
     "25b16aedf5aa0de657ba637b39",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828"
     "8"
     "38c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"}};

TEST(Aead, nist_sp800_38d_vectors) {
    for (const auto& test : gcm_cases) {
        std::string out = "before";
        aead_seal(out, raw(test.key), raw(test.nonce), raw(test.plain), raw(test.associated));
        EXPECT_EQ(hex_encode(out.substr(6)), test.sealed);
        EXPECT_EQ(out.substr(0, 6), "before");
        const auto opened =
            aead_open(raw(test.key), raw(test.nonce), raw(test.sealed), raw(test.associated));
        ASSERT_TRUE(opened);
        EXPECT_EQ(hex_encode(*opened), test.plain);
    }
}

TEST(Aead, one_flipped_bit_anywhere_releases_nothing) {
    const auto& test = gcm_cases[2];
    const std::string whole[] = {
        raw(test.key), raw(test.nonce), raw(test.sealed), raw(test.associated)};
    for (std::size_t part = 0; part < 4; ++part) {
        for (std::size_t bit = 0; bit < whole[part].size() * 8; ++bit) {
            std::string in[] = {whole[0], whole[1], whole[2], whole[3]};
            in[part][bit / 8] = static_cast<char>(in[part][bit / 8] ^ (1 << (bit % 8)));
            const auto opened = aead_open(in[0], in[1], in[2], in[3]);
            ASSERT_FALSE(opened) << part << ' ' << bit;
            ASSERT_EQ(opened.error().code, "aead.bad");
        }
    }
}

TEST(Aead, every_truncation_is_refused) {
    const auto& test = gcm_cases[2];
    const auto sealed = raw(test.sealed);
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        EXPECT_FALSE(aead_open(
            raw(test.key), raw(test.nonce), sealed.substr(0, size), raw(test.associated)));
    }
}

TEST(Aead, wrong_sizes_are_broken_invariants) {
    std::string out;
    EXPECT_THROW(aead_seal(out, std::string(16, 'k'), std::string(12, 'n'), "", ""),
                 std::logic_error);
    EXPECT_THROW((void)aead_open(std::string(32, 'k'), std::string(11, 'n'), "", ""),
                 std::logic_error);
}

TEST(Aead, random_sizes_come_back_from_several_threads) {
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (unsigned number = 0; number < 4; ++number) {
        threads.emplace_back([number] {
            std::mt19937 random(number);  // NOLINT(cert-msc51-cpp): repeatable on purpose
            for (int i = 0; i < 500; ++i) {
                const std::string key(32, static_cast<char>(random()));
                const std::string nonce(12, static_cast<char>(random()));
                std::string plain(random() % 5000, '\0');
                for (auto& octet : plain) {
                    octet = static_cast<char>(random());
                }
                std::string sealed;
                aead_seal(sealed, key, nonce, plain, "a");
                EXPECT_EQ(aead_open(key, nonce, sealed, "a").value(), plain);
                EXPECT_EQ(sha256(plain), sha256(std::string(plain)));
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
}

}  // namespace
}  // namespace bulla::crypto

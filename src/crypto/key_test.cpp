#include "crypto/key.h"

#include "base/encoding.h"
#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace bulla::crypto {
namespace {

std::string raw(std::string_view text) {
    return hex_decode(text).value();
}

std::string der_integer(std::string number) {
    while (number.size() > 1 && number[0] == '\0') {
        number.erase(0, 1);
    }
    if ((static_cast<unsigned char>(number[0]) & 0x80U) != 0) {
        number.insert(0, 1, '\0');
    }
    return std::string{'\x02', static_cast<char>(number.size())} + number;
}

std::string der_signature(std::string_view r, std::string_view s) {
    const auto body = der_integer(raw(r)) + der_integer(raw(s));
    return std::string{'\x30', static_cast<char>(body.size())} + body;
}

// SubjectPublicKeyInfo of an uncompressed point (RFC 5480 2).
PublicKey ec_key(std::string_view prefix, std::string_view x, std::string_view y) {
    return PublicKey::parse_der(raw(prefix) + raw(x) + raw(y)).value();
}

TEST(Key, rfc8032_7_1_vectors) {
    struct Case {
        std::string_view key, message, signature;
    };

    const Case cases[] = {{"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                           "",
                           "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821"
                           "590a33bacc61e39701c"
                           "f9b46bd25bf5f0595bbe24655141438e7a100b"},
                          {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                           "72",
                           "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e"
                           "43e15996e458f3613d0"
                           "f11d8c387b2eaeb4302aeeb00d291612bb0c00"}};
    for (const auto& test : cases) {
        const auto key = PublicKey::from_ed25519(raw(test.key)).value();
        EXPECT_TRUE(key.verify_message(raw(test.message), raw(test.signature)));
        EXPECT_FALSE(key.verify_message(raw(test.message) + "x", raw(test.signature)));
        EXPECT_EQ(hex_encode(key.ed25519_raw()), test.key);
        EXPECT_EQ(PublicKey::parse_pem(key.pem()).value().fingerprint(), key.fingerprint());
    }
}

TEST(Key, rfc6979_A_2_5_p256_verifies) {
    const auto key = ec_key("3059301306072a8648ce3d020106082a8648ce3d03010703420004",
                            "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
                            "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
    const auto signature =
        der_signature("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
                      "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
    EXPECT_EQ(key.type(), KeyType::p256);
    EXPECT_TRUE(key.verify_message("sample", signature));
    EXPECT_TRUE(key.verify_digest(view(sha256("sample")), signature));
    EXPECT_FALSE(key.verify_message("Sample", signature));
}

TEST(Key, rfc6979_A_2_6_p384_verifies_with_sha384) {
    const auto key = ec_key("3076301006072a8648ce3d020106052b8104002203620004",
                            "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0"
                            "EA9055866064A254515480"
                            "BC13",
                            "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B23"
                            "1C3AE0D4FE7344FD253326"
                            "4720");
    const auto signature = der_signature(
        "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80"
        "FA"
        "BE46",
        "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38"
        "62"
        "8AC8");
    EXPECT_EQ(key.type(), KeyType::p384);
    EXPECT_TRUE(key.verify_message("sample", signature));
    EXPECT_FALSE(key.verify_message("test", signature));
}

struct Made {
    KeyType type;
    std::size_t bits;
    std::size_t expected;
};

class EveryKey : public testing::TestWithParam<Made> {
  protected:
    std::shared_ptr<PrivateKey> key_ =
        PrivateKey::generate(GetParam().type, GetParam().bits).value();
};

TEST_P(EveryKey, signs_what_its_public_half_verifies) {
    const auto& half = key_->public_key();
    EXPECT_EQ(half.type(), GetParam().type);
    EXPECT_EQ(half.bits(), GetParam().expected);
    const auto signature = key_->sign_message("a message").value();
    EXPECT_TRUE(PublicKey::parse_der(half.der()).value().verify_message("a message", signature));
    EXPECT_FALSE(half.verify_message("another", signature));
    EXPECT_FALSE(half.verify_message("a message", ""));
    EXPECT_EQ(half.fingerprint(), hex_encode(view(sha256(half.der()))));
    if (GetParam().type != KeyType::ed25519) {
        const auto digest = sha256("x");
        EXPECT_TRUE(half.verify_digest(view(digest), key_->sign_digest(view(digest)).value()));
        EXPECT_THROW((void)key_->sign_digest("short"), std::logic_error);
    }
}

TEST_P(EveryKey, every_flipped_bit_of_a_signature_is_found) {
    const auto signature = key_->sign_message("a message").value();
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
        auto flipped = signature;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        ASSERT_FALSE(key_->public_key().verify_message("a message", flipped)) << bit;
    }
}

TEST_P(EveryKey, pem_comes_back_the_same) {
    const auto again = PrivateKey::parse_pem(key_->pem().view()).value();
    EXPECT_EQ(again->public_key().fingerprint(), key_->public_key().fingerprint());
    EXPECT_EQ(PublicKey::parse_pem(key_->public_key().pem()).value().fingerprint(),
              key_->public_key().fingerprint());
}

TEST_P(EveryKey, works_in_several_threads_at_once) {
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([this, number] {
            for (int i = 0; i < 20; ++i) {
                const auto text = std::to_string(number * 1000 + i);
                const auto signature = key_->sign_message(text).value();
                EXPECT_TRUE(key_->public_key().verify_message(text, signature));
                EXPECT_FALSE(key_->public_key().verify_message(text + "!", signature));
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
}

INSTANTIATE_TEST_SUITE_P(Types,
                         EveryKey,
                         testing::Values(Made{KeyType::rsa, 0, 2048},
                                         Made{KeyType::ed25519, 0, 256},
                                         Made{KeyType::p256, 0, 256},
                                         Made{KeyType::p384, 0, 384},
                                         Made{KeyType::dsa, 0, 2048}),
                         [](const auto& test) { return std::string(to_string(test.param.type)); });

TEST(Key, an_rsa_key_of_dkim_may_be_bare) {
    const auto key = PrivateKey::generate(KeyType::rsa).value();
    // The bare RSAPublicKey is what the BIT STRING of the SubjectPublicKeyInfo holds: the last 270 octets for 2048 bits.
    const auto der = key->public_key().der();
    const auto bare = der.substr(der.size() - 270);
    EXPECT_EQ(PublicKey::parse_der(bare, true).value().fingerprint(),
              key->public_key().fingerprint());
    EXPECT_EQ(PublicKey::parse_der(bare).error().code, "key.bad_der");
    EXPECT_EQ(PublicKey::parse_der(der + "x").error().code, "key.bad_der");
    EXPECT_EQ(PublicKey::parse_der("").error().code, "key.bad_der");
}

TEST(Key, names_of_types) {
    for (const auto type :
         {KeyType::rsa, KeyType::ed25519, KeyType::p256, KeyType::p384, KeyType::dsa}) {
        EXPECT_EQ(parse_key_type(to_string(type)).value(), type);
    }
    EXPECT_EQ(parse_key_type("RSA").error().code, "key.unsupported");
    EXPECT_EQ(PrivateKey::generate(KeyType::rsa, 1024).error().code, "key.unsupported");
    EXPECT_EQ(PrivateKey::generate(KeyType::rsa, 16384).error().code, "key.unsupported");
    EXPECT_EQ(PrivateKey::generate(KeyType::dsa, 1024).error().code, "key.unsupported");
}

}  // namespace
}  // namespace bulla::crypto

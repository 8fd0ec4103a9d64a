#include "dkim/keygen.h"

#include <gtest/gtest.h>

namespace bulla::dkim {
namespace {

std::string error_of(crypto::KeyType type, std::int64_t bits) {
    const auto made = make_key(type, bits);
    return made ? "" : std::string(made.error().code);
}

TEST(DkimKeygen, rfc8301_3_2_a_key_that_is_made_is_one_that_every_verifier_takes) {
    using enum crypto::KeyType;
    EXPECT_EQ(error_of(rsa, 2047), "dkim.bad_bits");
    EXPECT_EQ(error_of(rsa, 4097), "dkim.bad_bits");
    EXPECT_EQ(error_of(rsa, 8192), "dkim.bad_bits");
    EXPECT_EQ(error_of(rsa, -1), "dkim.bad_bits");
    EXPECT_EQ(make_key(rsa, 0).value()->public_key().bits(), 2048U);
    EXPECT_EQ(make_key(rsa, 2048).value()->public_key().bits(), 2048U);
    EXPECT_TRUE(check_key_bits(rsa, 4096));
    EXPECT_FALSE(check_key_bits(rsa, 4097));
    EXPECT_EQ(error_of(ed25519, 256), "dkim.no_bits");
    EXPECT_EQ(error_of(ed25519, 0), "");
    EXPECT_EQ(error_of(p256, 0), "dkim.key_type");
}

}  // namespace
}  // namespace bulla::dkim

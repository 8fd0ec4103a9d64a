#include "crypto/hmac_sha512.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace bulla::crypto {
namespace {

// PROVENANCE: RFC 4231 4.3, test case 2.
TEST(HmacSha512, RFC4231_4_3_a_vector) {
    const auto mac = hmac_sha512("Jefe", "what do ya want for nothing?");
    EXPECT_EQ(hex_encode({mac.data(), mac.size()}),
              "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
              "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

}  // namespace
}  // namespace bulla::crypto

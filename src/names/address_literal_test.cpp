#include "names/address_literal.h"

#include "names/mailbox.h"

#include <gtest/gtest.h>

namespace bulla {
namespace {

TEST(AddressLiteral, rfc5321_4_1_3_is_told_from_what_is_no_address_at_all) {
    for (const auto* good : {"u@[127.0.0.1]",
                             "u@[IPv6:::1]",
                             "u@[ipv6:2001:db8::1]",
                             "\"a@b\"@[192.0.2.1]",
                             "u@[IPv6:::ffff:192.0.2.1]"}) {
        EXPECT_TRUE(has_address_literal(good)) << good;
        EXPECT_FALSE(Mailbox::parse(good)) << good;
    }
    for (const auto* bad : {"u@[]",
                            "u@[::1]",
                            "u@[IPv6:]",
                            "u@[IPv6:127.0.0.1]",
                            "u@[127.0.0.256]",
                            "u@[127.0.0.1",
                            "u@127.0.0.1",
                            "u@[x:y]",
                            "u@[",
                            "u@]",
                            "@[127.0.0.1]",
                            "u..v@[127.0.0.1]",
                            "[127.0.0.1]",
                            "u@example.test",
                            ""}) {
        EXPECT_FALSE(has_address_literal(bad)) << bad;
    }
}

}  // namespace
}  // namespace bulla

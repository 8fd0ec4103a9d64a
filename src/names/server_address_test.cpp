#include "names/server_address.h"

#include <gtest/gtest.h>

namespace bulla {
namespace {

TEST(ServerAddress, DK_18_a_server_is_an_address_with_or_without_a_port) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"192.0.2.1", "192.0.2.1:53"},
        {"192.0.2.1:5353", "192.0.2.1:5353"},
        {"2001:db8::1", "[2001:db8::1]:53"},
        {"[2001:db8::1]:5353", "[2001:db8::1]:5353"},
    };
    for (const auto& [given, text] : rows) {
        const auto address = ServerAddress::parse(given, 53);
        ASSERT_TRUE(address) << given;
        EXPECT_EQ(address->text(), text);
        EXPECT_EQ(ServerAddress::parse(text, 1), *address);
    }
    for (const char* bad : {"",
                            ":53",
                            "ns.example.org",
                            "192.0.2.1:",
                            "192.0.2.1:0",
                            "192.0.2.1:65536",
                            "192.0.2.1:5x",
                            "192.0.2.1:+5",
                            "[192.0.2.1]:53",
                            "[2001:db8::1]",
                            "[]:53",
                            "[:53",
                            "*:53"}) {
        EXPECT_FALSE(ServerAddress::parse(bad, 53)) << bad;
    }
}

}  // namespace
}  // namespace bulla

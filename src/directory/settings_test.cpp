#include "directory/settings.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace bulla::directory {
namespace {

TEST(Settings, c2_4_every_default_is_a_value_in_its_one_form) {
    for (const SettingInfo& setting : list_settings()) {
        EXPECT_EQ(parse_setting(setting, setting.value), std::string(setting.value))
            << setting.name;
        EXPECT_FALSE(setting.help.empty());
        EXPECT_LE(setting.name.size(), 64U);
    }
}

TEST(Settings, c2_4_values_are_checked_and_given_one_form) {
    struct Row {
        std::string name, value, stored;  // "!": refused
    };

    const std::vector<Row> rows = {
        {"trusted_networks",
         "192.0.2.0/24,2001:DB8::/32  10.0.0.1",
         "192.0.2.0/24, 2001:db8::/32, 10.0.0.1"},
        {"trusted_networks", "", ""},
        {"trusted_networks", "192.0.2.1/24", "!"},
        {"trusted_networks", "localhost", "!"},
        {"send_as", "domain", "domain"},
        {"send_as", "Domain", "!"},
        {"send_as", "", "!"},
        {"received_header", "true", "1"},
        {"received_header", "no", "0"},
        {"received_header", "2", "!"},
        {"dkim_expiry", "0", "0 s"},
        {"dkim_expiry", "48h", "2 d"},
        {"dkim_expiry", "3650 d", "3650 d"},
        {"dkim_expiry", "3651 d", "!"},
        {"dkim_expiry", "-1", "!"},
        {"dkim_canonicalization", "simple/simple", "simple/simple"},
        {"dkim_canonicalization", "simple", "!"},
        {"dkim_signed_headers", "From:Subject,  X-Foo", "From, Subject, X-Foo"},
        {"dkim_signed_headers", "default", "default"},
        {"dkim_signed_headers", "none", "!"},
        {"dkim_signed_headers", "", "!"},
        {"dkim_signed_headers", "From, from", "!"},
        {"dkim_oversign_headers", "none", "none"},
        {"dkim_oversign_headers", "a;b", "!"},
        {"dkim_oversign_headers", "Default, X-Foo", "!"},
        {"dkim_signed_headers", "From, Subject?", "!"},
        {"dkim_update_server", "192.0.2.1", "192.0.2.1:53"},
        {"dkim_update_server", "[2001:db8::1]:5353", "[2001:db8::1]:5353"},
        {"dkim_update_server", "", ""},
        {"dkim_update_server", "ns.example.org", "!"},
        {"dkim_update_zone", "Example.ORG.", "example.org"},
        {"dkim_update_zone", "", ""},
        {"dkim_update_zone", "a..b", "!"},
        {"dkim_update_ttl", "0 s", "!"},
        {"dkim_update_key_file", "key", "!"},
        {"signature_verification_enabled", "1", "1"},
        {"signature_public_key_path", "/etc/bulla/keys", "/etc/bulla/keys"},
        {"signature_public_key_path", "keys", "!"},
        {"signature_public_key_path", "/a\nb", "!"},
        {"trusted_networks", std::string(16385, ' '), "!"},
    };
    for (const Row& row : rows) {
        const SettingInfo* setting = find_setting(row.name);
        ASSERT_NE(setting, nullptr) << row.name;
        const auto stored = parse_setting(*setting, row.value);
        EXPECT_EQ(stored ? *stored : "!", row.stored)
            << row.name << " = " << row.value.substr(0, 80);
    }
    EXPECT_EQ(find_setting("nothing"), nullptr);
}

TEST(Settings, c2_4_scopes_are_read_as_they_are_written) {
    for (const char* text : {"", "domain:example.org", "account:ann"}) {
        EXPECT_EQ(parse_scope(text).value().text(), text);
    }
    EXPECT_EQ(parse_scope("server").value().level, SettingLevel::server);
    EXPECT_EQ(parse_scope("domain:EXAMPLE.org.").value().name, "example.org");
    for (const char* bad : {"domain:", "account:", "user:x", "domain:a..b", "x"}) {
        EXPECT_FALSE(parse_scope(bad)) << bad;
    }
}

TEST(Settings, c2_4_reference_has_a_row_for_every_setting) {
    std::ifstream file(BULLA_SOURCE_DIR "/docs/configuration.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    constexpr std::string_view levels[] = {"server", "server, domain", "server, domain, account"};
    for (const SettingInfo& setting : list_settings()) {
        std::string type = describe_setting(setting);
        for (std::size_t at = 0; (at = type.find(" | ", at)) != std::string::npos;) {
            type.replace(at, 3, ", ");
        }
        const std::string value =
            setting.value.empty() ? "(nothing)" : "`" + std::string(setting.value) + "`";
        const std::string row = "| `" + std::string(setting.name) + "` | " +
                                std::string(levels[static_cast<int>(setting.level)]) + " | " +
                                type + " | " + value + " | " + std::string(setting.help) + " |\n";
        EXPECT_NE(text.find(row), std::string::npos) << "\n" << row;
    }
}

}  // namespace
}  // namespace bulla::directory

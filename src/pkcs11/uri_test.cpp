#include "pkcs11/uri.h"

#include "pkcs11/token_key.h"

#include <gtest/gtest.h>

using bulla::Fault;
using bulla::pkcs11::is_token_uri;
using bulla::pkcs11::KeyUri;

TEST(Pkcs11Uri, DK_19_rfc7512_a_uri_names_module_token_key_and_pin_file) {
    constexpr auto text =
        "pkcs11:token=mail;object=example-2026;type=private"
        "?pin-source=file:/etc/bulla/hsm.pin&module-path=/usr/lib/softhsm/libsofthsm2.so";
    EXPECT_TRUE(is_token_uri(text));
    const auto uri = KeyUri::parse(text);
    ASSERT_TRUE(uri);
    EXPECT_EQ(uri->text(), text);
    EXPECT_EQ(uri->pin_file(), "/etc/bulla/hsm.pin");
    EXPECT_EQ(uri->module_path(), "/usr/lib/softhsm/libsofthsm2.so");
    EXPECT_EQ(uri->key_template().size(), 2U);
    for (const std::string_view source :
         {"file:///etc/pin", "file:/etc/pin", "/etc/pin", "file:%2Fetc%2Fpin"}) {
        const auto other =
            KeyUri::parse("pkcs11:serial=1;id=%01%00?pin-source=" + std::string(source));
        ASSERT_TRUE(other) << source;
        EXPECT_EQ(other->pin_file(), "/etc/pin");
        EXPECT_EQ(other->key_template().size(), 2U);
        EXPECT_EQ(other->key_template().back().ulValueLen, 2U);
    }
    EXPECT_EQ(KeyUri::parse("pkcs11:token=a;object=b?module-name=softhsm2")->module_name(),
              "softhsm2");
}

TEST(Pkcs11Uri, DK_19_a_token_and_a_slot_match_as_the_uri_says) {
    const auto uri = KeyUri::parse("pkcs11:token=mail;slot-id=3;object=x");
    ASSERT_TRUE(uri);
    CK_TOKEN_INFO token{};
    const auto set_label = [&](std::string label) {
        label.resize(sizeof token.label, ' ');
        std::ranges::copy(label, token.label);
    };
    set_label("mail");
    EXPECT_TRUE(uri->matches(token));
    set_label("mail2");
    EXPECT_FALSE(uri->matches(token));
    EXPECT_TRUE(uri->matches(3, CK_SLOT_INFO{}));
    EXPECT_FALSE(uri->matches(4, CK_SLOT_INFO{}));
    EXPECT_TRUE(uri->matches(CK_INFO{}));
}

TEST(Pkcs11Uri, DK_19_a_pin_in_the_uri_is_refused_and_not_repeated) {
    for (const std::string_view text : {"pkcs11:token=a;object=b?pin-value=271828",
                                        "pkcs11:token=a?pin-value=271828",
                                        "pkcs11:%zz?pin-value=271828",
                                        "pkcs11:pin-value=271828"}) {
        const auto refused = KeyUri::parse(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, "pkcs11.pin_in_uri");
        EXPECT_EQ(refused.error().text.find("271828"), std::string::npos);
        EXPECT_NE(refused.error().text.find("pin-source=file:"), std::string::npos);
    }
}

TEST(Pkcs11Uri, DK_19_what_cannot_be_meant_is_refused) {
    const std::string good = "pkcs11:token=a;object=b";
    for (const std::string& text : {std::string(),
                                    std::string("pkcs11"),
                                    std::string("pkcs11:"),
                                    std::string("http://a/"),
                                    std::string("pkcs11:token=a"),
                                    std::string("pkcs11:object=b"),
                                    std::string("pkcs11:token=;object=b"),
                                    std::string("pkcs11:token=%20%20;object=b"),
                                    std::string("pkcs11:tokn=a;object=b"),
                                    std::string("pkcs11:token=a;object=b;type=public"),
                                    std::string("pkcs11:token=a;object=%zz"),
                                    std::string("pkcs11:token=a;object=b c"),
                                    std::string("pkcs11:token=a;object=\xC3\xA4"),
                                    std::string("pkcs11:token=a;object=b\n"),
                                    std::string("pkcs11:token=a;object=\0b", 23),
                                    good + "?module-path=libx.so",
                                    good + "?module-path=/a%00b",
                                    good + "?module-path=/a%0Ab",
                                    good + std::string(2000, 'b')}) {
        const auto refused = KeyUri::parse(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, "pkcs11.bad_uri") << text;
        EXPECT_EQ(refused.error().fault, Fault::sender);
    }
    for (const std::string_view source :
         {"|/bin/cat%20/etc/pin", "pin", "https://a/pin", "file:pin", "file://host/pin%0A"}) {
        const auto refused = KeyUri::parse(good + "?pin-source=" + std::string(source));
        ASSERT_FALSE(refused) << source;
        EXPECT_EQ(refused.error().code, "pkcs11.bad_pin_source") << source;
    }
}

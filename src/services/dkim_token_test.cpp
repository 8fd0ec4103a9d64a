#include "directory/token_keys.h"
#include "pkcs11/testing.h"
#include "pkcs11/token_key.h"
#include "services/access.h"
#include "services/testing.h"

#include <gtest/gtest.h>

namespace bulla::services {
namespace {

using nlohmann::json;
using pkcs11::TestToken;
using testing::TestInstance;

class DkimToken : public ::testing::Test {
  protected:
    DkimToken() {
        at.close();
        at.config.pkcs11.modules = TestToken::access().modules;
        at.open();
        token.make_rsa({.label = "s1", .id = "\x01"});
        token.make_rsa({.label = "s2", .id = "\x02"});
        EXPECT_TRUE(at.call("domain.add", {{"name", "other.test"}}));
    }

    json named(const std::string& selector) const {
        return {{"domain", "example.test"}, {"selector", selector}};
    }

    json import_of(const std::string& selector) const {
        return {{"domain", selector == "s2" ? "other.test" : "example.test"},
                {"selector", selector},
                {"token", token.uri(selector)}};
    }

    std::shared_ptr<const directory::Snapshot> snapshot() const {
        return at.instance->snapshots().current();
    }

    /// The selectors that sign.
    std::string signing() const {
        std::string out;
        const auto& keys = snapshot()->dkim_keys;
        for (const auto* const domain : {"example.test", "other.test"}) {
            if (const auto found = keys.find(domain); found != keys.end()) {
                for (const auto& key : found->second) {
                    out += key.selector.text() + " ";
                }
            }
        }
        return out;
    }

    bool signs(const std::string& domain = "example.test") const {
        const auto& key = *snapshot()->dkim_keys.at(domain).front().signer;
        const auto signature = key.sign_message("mail");
        return signature && key.public_key().verify_message("mail", *signature);
    }

    /// What the daemon does every half minute.
    void tend() {
        if (directory::try_token_keys(*snapshot())) {
            ASSERT_TRUE(at.instance->reload());
        }
    }

    std::string problems() const {
        std::string out;
        for (const auto& problem : snapshot()->problems) {
            out += problem + "\n";
        }
        return out;
    }

    json listed(const std::string& selector) const {
        for (const auto& key : at.call("dkim.list").value()) {
            if (key["selector"] == selector) {
                return key;
            }
        }
        return nullptr;
    }

    TestToken token;
    TestInstance at;
};

TEST_F(DkimToken, DK_19_a_key_in_a_token_is_taken_over_and_signs) {
    const auto made = at.call("dkim.add", import_of("s1"));
    ASSERT_TRUE(made) << made.error().text;
    EXPECT_EQ((*made)["algorithm"], "rsa");
    EXPECT_TRUE((*made)["active"]);
    ASSERT_TRUE(at.call("dkim.add", import_of("s2")));
    EXPECT_EQ(signing(), "s1 s2 ");
    EXPECT_TRUE(signs() && signs("other.test"));
    EXPECT_EQ(listed("s1")["token"], token.uri("s1"));
    // The public key is the token's: OpenSSL's judgement against the record.
    EXPECT_NE(listed("s1")["record"]["value"].get<std::string>().find("p=MII"), std::string::npos);
    ASSERT_TRUE(at.call("dkim.add", {{"domain", "example.test"}, {"selector", "v1"}}));
    EXPECT_EQ(listed("v1")["token"], nullptr);
    // And after a restart, without a question to the token before the first signature.
    at.close();
    at.open();
    EXPECT_EQ(signing(), "s1 s2 ");
    EXPECT_FALSE(snapshot()->token_keys.front().key->is_ready());
    EXPECT_TRUE(signs() && signs("other.test"));
    EXPECT_TRUE(snapshot()->token_keys.front().key->is_ready());
}

TEST_F(DkimToken, DK_19_keys_in_tokens_change_places_with_others) {
    ASSERT_TRUE(at.call("dkim.add", {{"domain", "example.test"}, {"selector", "v1"}}));
    EXPECT_FALSE(at.call("dkim.add", import_of("s1")).value()["active"]);
    EXPECT_EQ(signing(), "v1 ");
    ASSERT_TRUE(at.call("dkim.activate", named("s1")));
    EXPECT_EQ(signing(), "s1 ");
    EXPECT_TRUE(signs());
    // bulla makes no keys in tokens, and none in their place that would lie outside.
    const auto refused = at.call("dkim.rotate", {{"domain", "example.test"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "dkim_rotation.in_token");
    EXPECT_NE(refused.error().text.find("bulla dkim import"), std::string::npos);
    ASSERT_TRUE(at.call("dkim.activate", named("v1")));
    ASSERT_TRUE(at.call("dkim.remove", named("s1")));
    EXPECT_EQ(listed("s1"), nullptr);
    // The token keeps it.
    EXPECT_TRUE(pkcs11::TokenKey::open(token.uri("s1"), TestToken::access()));
}

TEST_F(DkimToken, DK_19_a_revoked_key_is_forgotten_and_never_activated) {
    ASSERT_TRUE(at.call("dkim.add", import_of("s1")));
    json waits = named("v1");
    ASSERT_TRUE(at.call("dkim.add", waits));
    ASSERT_TRUE(at.call("dkim.activate", named("v1")));
    // Compromised: all that has signed is given up, the one in the token as well.
    ASSERT_TRUE(at.call("dkim.rotate", {{"domain", "example.test"}, {"now", true}}));
    EXPECT_EQ(listed("s1")["stage"], "revoked");
    EXPECT_EQ(listed("s1")["token"], nullptr);
    EXPECT_EQ(at.error_of("dkim.activate", named("s1")), "dkim_key.destroyed");
    EXPECT_TRUE(pkcs11::TokenKey::open(token.uri("s1"), TestToken::access()));
}

TEST_F(DkimToken, DK_19_only_an_administrator_of_the_server_names_a_token) {
    const Principal domain_admin{.login = "d",
                                 .role = directory::AccountRole::domain_admin,
                                 .domains = {"example.test"},
                                 .scopes = {"*"}};
    const Principal admin{.login = "a", .role = directory::AccountRole::admin, .scopes = {"*"}};
    const auto refused = call_as(*at.context, domain_admin, "dkim.add", import_of("s1"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "access.denied");
    EXPECT_TRUE(call_as(*at.context, admin, "dkim.add", import_of("s1")));
}

TEST_F(DkimToken, DK_19_what_cannot_be_used_is_not_taken_over) {
    const auto with = [&](const std::string& uri) {
        json out = named("x");
        out["token"] = uri;
        return at.error_of("dkim.add", out);
    };
    EXPECT_EQ(with("pkcs11:garbage"), "pkcs11.bad_uri");
    EXPECT_EQ(with("pkcs11:token=mail;object=s1?pin-value=1"), "pkcs11.pin_in_uri");
    EXPECT_EQ(with("pkcs11:token=mail;object=s1?module-path=/tmp/x.so"), "pkcs11.module_refused");
    EXPECT_EQ(with(token.uri("nothing")), "pkcs11.no_key");
    EXPECT_EQ(listed("x"), nullptr);
}

TEST_F(DkimToken, DK_19_a_token_away_at_the_start_is_a_missing_key_until_it_is_back) {
    ASSERT_TRUE(at.call("dkim.add", import_of("s1")));
    ASSERT_TRUE(at.call("dkim.add", import_of("s2")));
    at.close();
    token.hide(true);
    at.open();
    tend();
    EXPECT_EQ(signing(), "");
    EXPECT_NE(problems().find("the DKIM key s1 of example.test cannot be used: no token is there"),
              std::string::npos)
        << problems();
    // Where mail must be signed, it waits for the token.
    ASSERT_TRUE(at.call("settings.set", {{"name", "dkim_missing_key"}, {"value", "refuse"}}));
    EXPECT_EQ(signing(), "s1 s2 ");
    EXPECT_FALSE(signs() || signs("other.test"));
    EXPECT_NE(problems().find("mail of example.test is put off"), std::string::npos) << problems();
    token.hide(false);
    tend();
    EXPECT_EQ(problems(), "");
    EXPECT_TRUE(signs() && signs("other.test"));
    // Once it has signed, the domain's mail is never sent unsigned because the token went away.
    ASSERT_TRUE(at.call("settings.set", {{"name", "dkim_missing_key"}, {"value", "unsigned"}}));
    const auto& key = *snapshot()->token_keys.front().key;
    EXPECT_TRUE(key.has_signed());
    std::filesystem::rename(token.pin_file(), token.pin_file() + ".away");
    {
        // Another program resets the token.
        const auto library =
            pkcs11::Library::find(*pkcs11::KeyUri::parse(token.uri("s1")), TestToken::access());
        auto& functions = *(*library)->modules().front().functions;
        CK_ULONG count = 10;
        std::vector<CK_SLOT_ID> slots(count);
        ASSERT_EQ(functions.C_GetSlotList(CK_TRUE, slots.data(), &count), CKR_OK);
        functions.C_CloseAllSessions(slots.front());
    }
    EXPECT_FALSE(signs() || signs("other.test"));
    tend();
    EXPECT_EQ(signing(), "s1 s2 ");
    EXPECT_NE(problems().find("mail of example.test is put off"), std::string::npos) << problems();
    std::filesystem::rename(token.pin_file() + ".away", token.pin_file());
    tend();
    EXPECT_EQ(problems(), "");
    EXPECT_TRUE(signs() && signs("other.test"));
}

}  // namespace
}  // namespace bulla::services

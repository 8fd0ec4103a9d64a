#include "directory/sign_plan.h"

#include "directory/signing_policy.h"

#include <gtest/gtest.h>

namespace bulla::directory {
namespace {

DomainName domain(std::string_view text) {
    return DomainName::parse(text).value();
}

Selector selector(std::string_view text) {
    return Selector::parse(text).value();
}

std::shared_ptr<const crypto::Signer> make_key(crypto::KeyType type) {
    return crypto::PrivateKey::generate(type, type == crypto::KeyType::rsa ? 2048 : 0).value();
}

// One of each for all tests: RSA keys take a while.
const std::shared_ptr<const crypto::Signer>& rsa() {
    static const auto key = make_key(crypto::KeyType::rsa);
    return key;
}

const std::shared_ptr<const crypto::Signer>& ed25519() {
    static const auto key = make_key(crypto::KeyType::ed25519);
    return key;
}

class SignPlanTest : public ::testing::Test {
  public:
    SignPlanTest() {
        snapshot_.domains = {{"example.com", true}, {"example.net", true}};
        add_key("example.com", "jan", rsa());
        add_key("example.com", "eddy", ed25519());
    }

  protected:
    void add_key(std::string_view name,
                 std::string_view word,
                 const std::shared_ptr<const crypto::Signer>& key) {
        snapshot_.dkim_keys[std::string(name)].push_back({domain(name), selector(word), key});
    }

    void set_policy(std::string text) {
        std::vector<std::string> problems;
        snapshot_.signing_policy = SigningPolicy::load(
            {.file = {}, .text = std::move(text), .key_directory = {}, .me = domain("mx.example")},
            nullptr,
            problems);
    }

    // "d/s d/s", each with a * if the policy says so; then "!code" if the mail is put off.
    std::string plan(std::string_view sender, std::string_view author) {
        const auto from = Mailbox::parse(sender);
        const auto who = Mailbox::parse(author);
        const auto planned = plan_signatures(
            snapshot_,
            snapshot_.signing_policy.get(),
            {.return_address = from ? &*from : nullptr, .author = who ? &*who : nullptr},
            Time{});
        std::string out;
        for (const auto& one : planned.signatures) {
            out += (out.empty() ? "" : " ") + one.options.domain.ascii() + "/" +
                   std::string(one.options.selector.text()) + (one.by_policy ? "*" : "");
        }
        why_ = planned.why;
        return planned.refusal ? out + "!" + std::string(planned.refusal->code) : out;
    }

    Snapshot snapshot_;
    std::string why_;
};

TEST_F(SignPlanTest, DKD_03_keys_go_by_the_author_whoever_sends) {
    EXPECT_EQ(plan("bounce@example.org", "joe@example.com"), "example.com/jan example.com/eddy");
    EXPECT_EQ(plan("joe@example.com", "joe@example.org"), "");
    EXPECT_EQ(plan("joe@example.com", ""), "") << "no From";
    EXPECT_EQ(plan("joe@example.net", "joe@example.net"), "");
    EXPECT_TRUE(why_.contains("example.net has no DKIM key")) << why_;
    snapshot_.settings.dkim_missing_key_refuse = true;
    EXPECT_EQ(plan("joe@example.net", "joe@example.net"), "!dkim.key_missing");
    EXPECT_EQ(plan("joe@example.org", "joe@example.org"), "") << "not one of ours";
}

TEST_F(SignPlanTest, DKD_03_where_both_apply_equal_names_give_one_signature_else_each_signs) {
    set_policy("example.com:jan||||t\n");
    EXPECT_EQ(plan("joe@example.com", "joe@example.com"), "example.com/jan* example.com/eddy");
    EXPECT_EQ(plan("joe@example.com", "joe@example.org"), "example.com/jan*");
    EXPECT_EQ(plan("joe@example.org", "joe@example.com"), "example.com/jan example.com/eddy");
    set_policy("example.com:jan,eddy\n!example.net:\n");
    EXPECT_EQ(plan("joe@example.com", "joe@example.com"), "example.com/jan* example.com/eddy*");
    EXPECT_EQ(plan("joe@example.net", "joe@example.com"), "") << "! is for all";
    EXPECT_TRUE(why_.contains("never")) << why_;
}

TEST_F(SignPlanTest, DKD_03_a_policy_without_a_line_for_the_mail_does_not_excuse_a_missing_key) {
    snapshot_.settings.dkim_missing_key_refuse = true;
    set_policy("example.com:jan\n");
    EXPECT_EQ(plan("bounce@example.org", "joe@example.net"), "!dkim.key_missing");
    EXPECT_TRUE(why_.contains("example.net has no DKIM key")) << why_;
    EXPECT_EQ(plan("joe@example.net", "joe@example.net"), "!dkim.key_missing");
    EXPECT_EQ(plan("joe@example.com", "joe@example.net"), "example.com/jan*") << "a line is for it";
    EXPECT_EQ(plan("joe@example.org", "joe@example.org"), "") << "not one of ours";
}

TEST_F(SignPlanTest, DKD_03_the_policys_own_way_of_signing_is_the_one_that_counts) {
    set_policy("example.com:jan|||3600|s\n");
    const auto joe = Mailbox::parse("joe@example.com").value();
    const auto planned = plan_signatures(snapshot_,
                                         snapshot_.signing_policy.get(),
                                         {.return_address = &joe, .author = &joe},
                                         Time{});
    ASSERT_EQ(planned.signatures.size(), 2U);
    EXPECT_EQ(planned.signatures[0].options.canon.header, dkim::Canon::simple);
    EXPECT_EQ(planned.signatures[0].options.expire_after, 3600);
    EXPECT_EQ(planned.signatures[1].options.canon.header, dkim::Canon::relaxed);
    EXPECT_EQ(planned.signatures[1].options.expire_after, 604800);
}

// c4_1: the policy of the instance with the keys of the instance.
TEST_F(SignPlanTest, c4_1_a_policy_of_the_instance_uses_its_keys) {
    set_policy("*:\n");
    EXPECT_EQ(plan("joe@example.com", "x@example.org"), "example.com/jan*")
        << "default stands for the active key";
    EXPECT_EQ(plan("joe@below.example.com", "x@example.org"), "example.com/jan*") << "the parent's";
    EXPECT_EQ(plan("joe@example.org", "x@example.org"), "") << "no key";
    add_key("mx.example", "mta", rsa());
    EXPECT_EQ(plan("joe@example.org", "x@example.org"), "mx.example/mta*");
    EXPECT_EQ(plan("<>", "x@example.org"), "mx.example/mta*") << "the empty reverse-path";
    add_key("example.com", "default", rsa());
    EXPECT_EQ(plan("joe@example.com", "x@example.org"), "example.com/default*");
    set_policy("example.com:feb\n");
    EXPECT_EQ(plan("joe@example.com", "x@example.org"), "") << "no such selector";
    snapshot_.settings.dkim_missing_key_refuse = true;
    EXPECT_EQ(plan("joe@example.com", "x@example.org"), "!dkim.key_missing");
    EXPECT_EQ(plan("joe@example.com", "joe@example.com"), "!dkim.key_missing");
}

TEST_F(SignPlanTest, c4_1_a_policy_that_cannot_be_read_puts_mail_off) {
    set_policy("example com\n");
    EXPECT_EQ(plan("joe@example.com", "joe@example.com"), "!dkim.policy_broken");
}

}  // namespace
}  // namespace bulla::directory

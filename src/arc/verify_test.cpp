#include "arc/verify.h"

#include "arc/test_support.h"

#include <gtest/gtest.h>

namespace bulla::arc {
namespace {

TEST(ArcVerify, DK_20_rfc8617_the_test_suite) {
    const auto suite = read_suite("validation.json");
    int cases = 0;
    for (const auto& scenario : suite) {
        const auto answers = make_answers(scenario["txt-records"]);
        for (const auto& [name, test] : scenario["tests"].items()) {
            ++cases;
            // The suite leaves open what comes of a chain that says of itself that it has failed: "fail" by RFC 8617 5.2, step 2.
            std::string expected = test["cv"].is_null() ? "none" : test["cv"].get<std::string>();
            expected = expected.empty() ? "Fail" : expected;
            const auto result =
                verify_with(make_message(test["message"].get<std::string>()), answers);
            EXPECT_TRUE(mail::equal_ignoring_case(to_string(result.status), expected))
                << name << ": " << to_string(result.status) << ", " << result.reason;
        }
    }
    EXPECT_EQ(cases, 171);
}

TEST(ArcVerify, rfc8301_3_2_a_set_by_512_bits_fails_for_its_key) {
    for (const auto& scenario : read_suite("validation.json")) {
        if (!scenario["tests"].contains("as_fields_b_512")) {
            continue;
        }
        const auto text = scenario["tests"]["as_fields_b_512"]["message"].get<std::string>();
        const auto result = verify_with(make_message(text), make_answers(scenario["txt-records"]));
        ASSERT_EQ(result.instances.size(), 1U);
        EXPECT_EQ(result.instances[0].message.verdict, Verdict::policy);
        EXPECT_EQ(result.instances[0].message.key_bits, 512U);
        EXPECT_EQ(result.reason,
                  "the newest message signature: the RSA key of 512 bits is too short");
        return;
    }
    FAIL() << "the case is missing";
}

class Suite : public testing::Test {
  protected:
    /// The message of a case of the suite.
    std::string find(const std::string& name) {
        for (const auto& scenario : read_suite("validation.json")) {
            if (scenario["tests"].contains(name)) {
                answers_ = make_answers(scenario["txt-records"]);
                return mail::with_crlf(scenario["tests"][name]["message"].get<std::string>());
            }
        }
        ADD_FAILURE() << name;
        return {};
    }

    std::vector<dns::DnsAnswer> answers_;
};

TEST_F(Suite, rfc8617_5_2_the_oldest_pass) {
    const std::pair<const char*, unsigned> cases[] = {{"cv_pass_i1_1", 0},
                                                      {"cv_pass_i2_1", 0},
                                                      {"cv_pass_i2_1_ams1_invalid", 2},
                                                      {"cv_pass_i5_1", 0}};
    for (const auto& [name, oldest] : cases) {
        const auto result = verify_with(make_message(find(name)), answers_);
        EXPECT_EQ(result.oldest_pass, oldest) << name;
        const auto method = to_method(result);
        EXPECT_EQ(method.properties.at(0).value, std::to_string(oldest));
    }
    VerifyOptions options;
    options.find_oldest_pass = false;
    const auto result = verify_with(make_message(find("cv_pass_i5_1")), answers_, options);
    EXPECT_EQ(result.status, Verdict::pass);
    EXPECT_FALSE(result.oldest_pass);
    EXPECT_EQ(result.instances[0].message.verdict, Verdict::none);
    EXPECT_TRUE(to_method(result).properties.empty());
}

TEST_F(Suite, DK_20_the_evidence_of_each_set) {
    const auto result = verify_with(make_message(find("cv_pass_i2_1")), answers_);
    ASSERT_EQ(result.instances.size(), 2U);
    const Instance& second = result.instances[1];
    EXPECT_EQ(second.number, 2U);
    EXPECT_EQ(second.chain, "pass");
    EXPECT_EQ(second.seal.domain, "example.org");
    EXPECT_EQ(second.seal.selector, "dummy");
    EXPECT_EQ(second.seal.verdict, Verdict::pass);
    EXPECT_EQ(second.message.verdict, Verdict::pass);
    ASSERT_TRUE(second.results);
    EXPECT_EQ(second.results->authserv_id, "lists.example.org");
    EXPECT_EQ(second.results->methods.at(0).method, "spf");
    EXPECT_EQ(result.instances[0].chain, "none");
}

TEST_F(Suite, rfc8617_5_2_failures_of_the_dns_are_permanent) {
    const mail::Message message = make_message(find("cv_pass_i1_1"));
    const Verification verification(message, from_unix(1'760'000'000));
    ASSERT_EQ(verification.questions().size(), 1U);
    EXPECT_EQ(verification.questions()[0].name, "dummy._domainkey.example.org");
    dkim::KeyCache keys;
    const auto result = verification.evaluate({}, keys);
    EXPECT_EQ(result.status, Verdict::fail);
    EXPECT_EQ(result.failed_at, 1U);
    EXPECT_EQ(result.instances.at(0).message.verdict, Verdict::temperror);
}

TEST_F(Suite, a_chain_that_is_not_sound_asks_nothing) {
    const mail::Message message = make_message(find("as_struct_dup"));
    EXPECT_TRUE(Verification(message, Time{}).questions().empty());
    EXPECT_TRUE(Verification(make_message("From: a@b.example\n\nx\n"), Time{}).questions().empty());
}

std::string make_set(unsigned number) {
    const std::string i = std::to_string(number);
    return "ARC-Seal: i=" + i +
           "; a=rsa-sha256; b=AAAA; d=a.example; s=s; cv=" + (number == 1 ? "none" : "pass") +
           "\r\nARC-Message-Signature: i=" + i +
           "; a=rsa-sha256; b=AAAA; bh=AAAA; d=a.example; s=s; h=from\r\n" +
           "ARC-Authentication-Results: i=" + i + "; a.example; none\r\n";
}

TEST(ArcVerify, rfc8617_4_2_1_fifty_instances) {
    std::string sets;
    for (unsigned i = 1; i <= 50; ++i) {
        sets = make_set(i) + sets;
    }
    const auto fifty = verify_with(make_message(sets + "From: a@b.example\r\n\r\n"), {});
    EXPECT_EQ(fifty.instances.size(), 50U) << fifty.reason;
    const auto more =
        verify_with(make_message(make_set(51) + sets + "From: a@b.example\r\n\r\n"), {});
    EXPECT_EQ(more.status, Verdict::fail);
    EXPECT_EQ(more.failed_at, 51U);
    EXPECT_TRUE(more.instances.empty());
    VerifyOptions options;
    options.max_instances = 10;
    EXPECT_EQ(verify_with(make_message(sets + "From: a@b.example\r\n\r\n"), {}, options).failed_at,
              50U);
}

TEST(ArcVerify, rfc8617_4_1_what_signatures_must_not_cover) {
    const std::string tags =
        " a=rsa-sha256; b=AAAA; d=a.example; s=s; i=1; h=from:ARC-Seal; "
        "bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n";
    dkim::SignatureClaims claims;
    const auto code = [&](const std::string& name, dkim::SignatureSyntax syntax) {
        return dkim::parse_signature(name + ":" + tags, claims, {}, syntax).error().code;
    };
    EXPECT_EQ(code("ARC-Message-Signature", dkim::SignatureSyntax::arc_message), "arc.seal_signed");
    EXPECT_EQ(code("ARC-Seal", dkim::SignatureSyntax::arc_seal), "arc.fields_in_seal");
    EXPECT_EQ(code("DKIM-Signature", dkim::SignatureSyntax::dkim), "dkim.missing_tag");
}

TEST(ArcVerify, rfc8617_4_2_1_gaps_are_found) {
    const auto result =
        verify_with(make_message(make_set(3) + make_set(1) + "From: a@b.example\r\n\r\n"), {});
    EXPECT_EQ(result.status, Verdict::fail);
    EXPECT_EQ(result.failed_at, 2U);
}

}  // namespace
}  // namespace bulla::arc

#include "services/attention.h"

#include "services/json_time.h"
#include "services/testing.h"

namespace bulla::services {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::days;
using testing::TestInstance;

class AttentionTest : public ::testing::Test {
  protected:
    AttentionTest() {
        at.context->ask = [](const dns::DnsQuestion& question) {
            dns::DnsAnswer out;
            out.type = question.type;
            out.name = question.name;
            out.rcode = dns::Rcode::no_error;
            return out;
        };
        at.context->live = [this] { return live; };
    }

    json attention() const { return at.call("status").value()["attention"]; }

    /// "kind subject", or "past kind subject", of each.
    std::vector<std::string> kinds() const {
        std::vector<std::string> out;
        for (const json& item : attention()) {
            out.push_back((item["past"] == true ? "past " : "") + item["kind"].get<std::string>() +
                          " " + item["subject"].get<std::string>());
        }
        return out;
    }

    void do_call(std::string_view name, const json& arguments) const {
        const auto done = at.call(name, arguments);
        ASSERT_TRUE(done) << done.error().text;
    }

    void add_key(const char* domain, const char* selector) const {
        do_call("dkim.add", {{"domain", domain}, {"selector", selector}, {"type", "ed25519"}});
    }

    using Kinds = std::vector<std::string>;
    TestInstance at;
    json live = json::object();
};

TEST_F(AttentionTest, c3_5_a_new_instance_needs_nothing) {
    EXPECT_EQ(attention(), json::array());
}

TEST_F(AttentionTest, c3_5_a_dkim_key_that_has_signed_for_90_days_is_to_be_rotated) {
    add_key("example.test", "s1");
    at.clock.advance(days(90) - 1s);
    EXPECT_EQ(kinds(), Kinds{});
    at.clock.advance(1s);
    ASSERT_EQ(kinds(), Kinds{"past dkim_age s1"});
    const json item = attention()[0];
    EXPECT_EQ(item["domain"], "example.test");
    EXPECT_EQ(item["at"], json_time(at.clock.now()));
    EXPECT_EQ(item["text"], "the DKIM key s1 of example.test has signed for 90 days: rotate it");
    EXPECT_EQ(item["command"], "bulla dkim rotate example.test");
    // One a domain, however many keys it has; the oldest of them.
    at.clock.advance(days(1));
    do_call("dkim.add", {{"domain", "example.test"}, {"selector", "r1"}, {"type", "rsa"}});
    at.clock.advance(days(90));
    EXPECT_EQ(kinds(), Kinds{"past dkim_age s1"});
}

TEST_F(AttentionTest, c3_5_a_new_dkim_key_whose_record_is_not_there_is_told_of_after_a_day) {
    add_key("example.test", "s1");
    at.clock.advance(days(90));
    do_call("dkim.rotate", {{"domain", "example.test"}});
    EXPECT_EQ(kinds(), Kinds{}) << "the rotation is under way";
    at.clock.advance(days(1));
    ASSERT_EQ(attention().size(), 1U);
    EXPECT_EQ(attention()[0]["kind"], "dkim_record");
    EXPECT_EQ(attention()[0]["domain"], "example.test");
    EXPECT_NE(attention()[0]["subject"], "s1");
    EXPECT_EQ(attention()[0]["command"], "bulla dkim check example.test");
}

TEST_F(AttentionTest, c3_5_a_signers_key_is_told_of_after_three_years) {
    do_call("signer.create", {{"id", "office"}, {"type", "ed25519"}});
    do_call("signer.create", {{"id", "old"}, {"type", "ed25519"}});
    do_call("signer.retire", {{"id", "old"}});
    at.clock.advance(signer_key_age - 1s);
    EXPECT_EQ(kinds(), Kinds{});
    at.clock.advance(1s);
    EXPECT_EQ(kinds(), Kinds{"past signer_age office"});
    do_call("signer.rotate", {{"id", "office"}});
    EXPECT_EQ(kinds(), Kinds{});
}

TEST_F(AttentionTest, c3_5_tokens_are_told_of_before_they_end_and_a_while_after) {
    do_call("account.add", {{"address", "ann@example.test"}, {"password", "password"}});
    do_call("token.create", {{"login", "ann@example.test"}, {"name", "robot"}, {"days", 30}});
    do_call("token.create", {{"login", "ann@example.test"}, {"name", "endless"}, {"days", 0}});
    at.clock.advance(days(15));
    EXPECT_EQ(kinds(), Kinds{});
    at.clock.advance(days(2));
    ASSERT_EQ(kinds(), Kinds{"token robot"});
    EXPECT_EQ(attention()[0]["login"], "ann@example.test");
    EXPECT_NE(attention()[0]["text"].get<std::string>().find("ends in 13 days"), std::string::npos);
    at.clock.advance(days(13));
    EXPECT_EQ(kinds(), Kinds{"past token robot"});
    at.clock.advance(days(31));
    EXPECT_EQ(kinds(), Kinds{});
}

TEST_F(AttentionTest, c3_5_certificates_are_told_of_before_they_end) {
    const auto ends = [&](Time instance, Time console) {
        live["certificates"] = {{{"name", "instance"}, {"expires", json_time(instance)}},
                                {{"name", "console"}, {"expires", json_time(console)}}};
        return kinds();
    };
    const Time now = at.clock.now();
    EXPECT_EQ(ends(now + days(22), now + days(300)), Kinds{});
    EXPECT_EQ(ends(now + days(20), now + days(5)),
              (Kinds{"certificate console", "certificate instance"}));
    EXPECT_EQ(ends(now + days(5), now - days(3)),
              (Kinds{"past certificate console", "certificate instance"}));
    EXPECT_NE(attention()[0]["text"].get<std::string>().find("ended 3 days ago"),
              std::string::npos);
    EXPECT_NE(attention()[1]["text"].get<std::string>().find("ends in 5 days"), std::string::npos);
}

TEST_F(AttentionTest, c3_5_it_is_bounded) {
    for (std::size_t i = 0; i <= most_attention; ++i) {
        live["certificates"].push_back(
            {{"name", "console"}, {"expires", json_time(at.clock.now())}});
    }
    EXPECT_EQ(attention().size(), most_attention);
}

}  // namespace
}  // namespace bulla::services
